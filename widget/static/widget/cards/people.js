// People: who is in the chat, who is there now, profile or a private chat.
import { fill as place } from "../texts.js";
import { wording } from "../times.js";
import { LiveList } from "./list.js";
import { ask, openChat, openPath } from "./portal.js";

const PAGE = 50;

export default function people(panel, frame) {
  const words = panel.querySelector("template[data-words]").content;
  const word = (key) => words.querySelector(`[data-word=${key}]`).textContent;
  let roles = { owner: 0, managers: [] };

  async function load(offset) {
    const calls = {
      users: {
        method: "im.dialog.users.list",
        params: { DIALOG_ID: frame.dialog_id, LIMIT: PAGE, OFFSET: offset ?? 0 },
      },
    };
    if (offset === null) calls.chat = { method: "im.dialog.get", params: { DIALOG_ID: frame.dialog_id } };
    const after = (offset ?? 0) + PAGE;
    const { users, chat } = await ask(calls);
    if (chat)
      roles = { owner: Number(chat.result.owner), managers: (chat.result.manager_list ?? []).map(Number) };
    const items = Object.values(users.result).map((user) => ({ ...user, id: Number(user.id) }));
    return { items: items.sort(byRank), next: after < users.total ? after : null };
  }

  const rank = (user) => (user.id === roles.owner ? 0 : roles.managers.includes(user.id) ? 1 : 2);
  const byRank = (a, b) => rank(a) - rank(b);

  function badges(user) {
    const role = ["owner", "manager", ""][rank(user)];
    return [role, user.bot ? "bot" : "", user.extranet ? "extranet" : ""].filter(Boolean);
  }

  function presence(user) {
    if (user.bot) return "";
    if (user.status === "online" && !user.absent) return word("online");
    const seen = Date.parse(user.last_activity_date);
    return Number.isNaN(seen) ? "" : place(word("seen"), { when: wording(new Date(seen)) });
  }

  function fill(row, user) {
    const name = String(user.name ?? "");
    row.querySelector("bdi").textContent = name;
    const title = row.querySelector(".row-title");
    for (const key of badges(user)) {
      const badge = document.createElement("span");
      badge.className = `badge badge-${key}`;
      badge.textContent = word(key);
      title.append(" ", badge);
    }
    row.querySelector(".row-note").textContent = [user.work_position, presence(user)]
      .filter(Boolean)
      .join(" · ");
    mark(row.querySelector(".row-mark"), user, name);
    row.querySelector("[data-action=profile]").addEventListener("click", () => {
      openPath(`/company/personal/user/${user.id}/`).catch(() => {});
    });
    const chat = row.querySelector("[data-action=chat]");
    chat.setAttribute("aria-label", `${chat.title}: ${name}`);
    chat.hidden = user.id === frame.viewer_id;
    chat.addEventListener("click", () => openChat(user.id).catch(() => {}));
  }

  function mark(element, user, name) {
    element.textContent = [...name][0] ?? "?";
    element.classList.add(`tone-${user.id % 10}`);
    element.toggleAttribute("data-online", user.status === "online" && !user.bot);
    const picture = avatar(user.avatar, frame.images);
    if (!picture) return;
    const image = new Image(36, 36);
    image.alt = "";
    image.addEventListener("load", () => element.replaceChildren(image));
    image.src = picture;
  }

  new LiveList(panel, { load, fill, words: (user) => `${user.name} ${user.work_position}` }).start();
}

/** The address of a picture that this page's policy lets in, or "". */
function avatar(address, sources) {
  try {
    const url = new URL(address, sources[0]);
    return address && sources.includes(url.origin) ? url.href : "";
  } catch {
    return "";
  }
}
