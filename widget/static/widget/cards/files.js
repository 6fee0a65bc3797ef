// Files: the chat's folder, newest first. Addresses for downloading carry the viewer's token: used, never kept.
const PAGE = 50; // of every list in Bitrix24
const lang = document.documentElement.lang || "en";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export default function files(_panel, { frame, dialog, ask, showProblem, plain, ago, list, insert }) {
  let folder = 0;

  async function load(start) {
    if (!folder) return find();
    const { items } = await ask({ items: children(folder, start) });
    return page(items, start);
  }

  /** The folder and its first page in one request. `im.disk.folder.get` is deprecated, so another way stands by. */
  async function find() {
    const first = await ask({
      folder: { method: "im.disk.folder.get", params: { CHAT_ID: frame.chat_id } },
      items: children("$result[folder][ID]", 0),
      chat: { method: "im.dialog.get", params: { DIALOG_ID: dialog } },
    });
    if (first.folder.ok) {
      folder = Number(first.folder.result.ID);
      return page(first.items, 0);
    }
    const known = first.chat.ok ? first.chat.result.disk_folder_id : undefined;
    if (known === undefined) return first.folder.result;
    folder = Number(known);
    // A chat gets its folder with its first file.
    return folder ? load(0) : { items: [], next: null };
  }

  function page(answer, start) {
    const items = Object.values(answer.result);
    return {
      items: items.filter((item) => Number(item.DELETED_TYPE ?? 0) === 0),
      next: answer.next(start, PAGE, items.length),
    };
  }

  async function download(id) {
    // The address in the list dies with the token; a fresh one is asked for at the moment of use.
    const { file } = await ask({ file: { method: "disk.file.get", params: { id } } });
    const opened = window.open(own(file.result.DOWNLOAD_URL), "_blank");
    if (!opened) throw new Error("The browser opened no window.");
    opened.opener = null;
  }

  /** An address on the portal itself. Throws for any other. */
  function own(address) {
    const url = new URL(address, frame.portal);
    if (url.origin !== frame.portal) throw new Error("Not an address of this portal.");
    return url.href;
  }

  function fill(row, item) {
    const name = plain(item.NAME);
    const isFile = item.TYPE === "file";
    row.querySelector("bdi").textContent = name;
    const made = Date.parse(item.CREATE_TIME);
    row.querySelector(".row-note").textContent = [
      isFile && size(Number(item.SIZE)),
      !Number.isNaN(made) && ago(new Date(made)),
    ]
      .filter(Boolean)
      .join(" · ");
    const [note, button] = row.querySelectorAll("button");
    for (const each of [note, button]) each.setAttribute("aria-label", `${each.title}: ${name}`);
    try {
      const address = own(item.DETAIL_URL);
      row.querySelector("a").href = address;
      note.hidden = !insert;
      note.addEventListener("click", () => insert(reference(name, new URL(address))));
    } catch {
      // The name stays a name where Bitrix24 gives no page to open.
    }
    if (!isFile) row.querySelector("use").setAttribute("href", "#icon-files");
    button.hidden = !isFile;
    button.addEventListener("click", () => download(item.ID).catch(() => showProblem("download")));
  }

  return list({ load, fill, words: (item) => plain(item.NAME) });
}

/** A link in Markdown. Without a host it leads to the portal, whatever that is called by then. */
function reference(name, { pathname, search }) {
  const path = (pathname + search).replace(/[()]/g, (sign) => (sign === "(" ? "%28" : "%29"));
  return `[${name.replace(/[\\[\]*_`<>~]/g, "\\$&")}](${path})`;
}

const children = (id, start) => ({
  method: "disk.folder.getchildren",
  params: { id, order: { CREATE_TIME: "DESC" }, start },
});

function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(lang, {
    style: "unit",
    unit: UNITS[step],
    unitDisplay: step ? "short" : "long",
    maximumFractionDigits: step ? 1 : 0,
  }).format(bytes / 1000 ** step);
}
