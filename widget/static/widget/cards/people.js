// People: who is in the chat, who is there now, profile or a private chat.
const PAGE = 200; // the most that im.dialog.users.list gives
// Bitrix24 counts somebody as online for as long as its session lives without a sign of them.
const ONLINE = 24 * 60_000;

export default function people(
  _panel,
  { frame, dialog, ask, openChat, showProblem, plain, ago, list, word },
) {
  let owner = 0;
  let managers = [];

  async function load(start) {
    const params = { DIALOG_ID: dialog, LIMIT: PAGE, OFFSET: start };
    const { users, chat } = await ask({
      users: { method: "im.dialog.users.list", params },
      chat: { method: "im.dialog.get", params: { DIALOG_ID: dialog } },
    });
    const items = Object.values(users.result).filter((user) => user.active !== false);
    if (chat.ok) {
      owner = Number(chat.result.owner);
      managers = Object.values(chat.result.manager_list ?? {}).map(Number);
    }
    items.sort((a, b) => rank(a) - rank(b) || isOnline(b) - isOnline(a));
    return { items, next: users.next(start, PAGE, Object.keys(users.result).length) };
  }

  const rank = ({ id }) => (Number(id) === owner ? 0 : managers.includes(Number(id)) ? 1 : 2);

  function fill(row, user) {
    const id = Number(user.id);
    const name = plain(user.name) || `#${id}`;
    const profile = `/company/personal/user/${id}/`;
    const link = row.querySelector("a");
    link.href = new URL(profile, frame.portal);
    link.dataset.path = profile;
    row.querySelector("bdi").textContent = name;
    row.querySelector(".row-title").append(...badges(user));
    row.querySelector(".row-note").textContent = [plain(user.work_position), presence(user)]
      .filter(Boolean)
      .join(" · ");
    mark(row.querySelector(".row-mark"), user, name);
    const chat = row.querySelector("button");
    chat.setAttribute("aria-label", `${chat.title}: ${name}`);
    chat.hidden = id === frame.viewer_id;
    chat.addEventListener("click", () => openChat(id).catch(() => showProblem("chat")));
  }

  function badges(user) {
    const role = ["owner", "manager", ""][rank(user)];
    return [role, user.bot && "bot", user.extranet && "extranet"].filter(Boolean).map((key) => {
      const badge = document.createElement("span");
      badge.className = `badge badge-${key}`;
      badge.textContent = word(key);
      return badge;
    });
  }

  function presence(user) {
    if (user.bot) return "";
    if (isOnline(user)) return word("online");
    const seen = Date.parse(user.last_activity_date);
    return Number.isNaN(seen) ? "" : word("seen", { when: ago(new Date(seen)) });
  }

  function mark(element, user, name) {
    element.textContent = [...name][0];
    element.classList.add(`tone-${Number(user.id) % 10}`);
    element.toggleAttribute("data-online", isOnline(user));
    const picture = avatar(user.avatar, frame.images);
    if (!picture) return;
    const image = new Image(36, 36);
    image.alt = "";
    image.addEventListener("load", () => element.replaceChildren(image));
    image.src = picture;
  }

  return list({ load, fill, words: (user) => `${plain(user.name)} ${plain(user.work_position)}` });
}

/** `status` is what somebody chose to show; whether they are there, their last sign of life tells. */
function isOnline(user) {
  if (user.bot || user.absent || user.status === "offline") return false;
  const seen = Date.parse(user.last_activity_date);
  return Number.isNaN(seen) ? user.status === "online" : Date.now() - seen < ONLINE;
}

/** The address of a picture that this page's policy lets in, or "". */
function avatar(address, sources) {
  if (!address || !URL.canParse(address, sources[0])) return "";
  const url = new URL(address, sources[0]);
  return sources.includes(url.origin) ? url.href : "";
}
