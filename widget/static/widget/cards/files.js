// Files: the chat's folder, newest first. Addresses for downloading carry the viewer's token: used, never kept.

import { LiveList } from "../livelist.js";
import { ask } from "../portal.js";
import { wording } from "../times.js";

const PAGE = 50;
const lang = document.documentElement.lang || "en";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export default function files(panel, frame) {
  const home = new URL(frame.images[0]);
  let folder = null;

  async function load(start) {
    const answer = await page(start ?? 0);
    return {
      items: Object.values(answer?.items.result ?? []),
      next: answer?.items.more ? (start ?? 0) + PAGE : null,
    };
  }

  /** A page of the folder, which is looked up with the first; null where the chat has none yet. */
  async function page(start) {
    if (folder) return ask({ items: children(folder, start) });
    try {
      // `$result` saves a round trip.
      const first = { folder: { method: "im.disk.folder.get", params: { DIALOG_ID: frame.dialog_id } } };
      const answer = await ask({ ...first, items: children("$result[folder][ID]", start) });
      folder = answer.folder.result.ID;
      return answer;
    } catch (error) {
      // Bitrix24 means to give this method up; the chat itself names its folder too.
      if (!error.unknownMethod) throw error;
      const { chat } = await ask({
        chat: { method: "im.dialog.get", params: { DIALOG_ID: frame.dialog_id } },
      });
      folder = Number(chat.result.disk_folder_id);
      return folder ? page(start) : null;
    }
  }

  function children(id, start) {
    return { method: "disk.folder.getchildren", params: { id, order: { CREATE_TIME: "DESC" }, start } };
  }

  async function download(id) {
    // The address in the list dies with the token; a fresh one is asked for at the moment of use.
    const { file } = await ask({ file: { method: "disk.file.get", params: { id } } });
    const address = own(file.result.DOWNLOAD_URL);
    if (!address) throw new Error("The file has no address on its portal.");
    window.open(address, "_blank", "noopener,noreferrer");
  }

  /** An http(s) address on the portal itself, or "". */
  function own(address) {
    try {
      const url = new URL(address, home);
      return url.origin === home.origin ? url.href : "";
    } catch {
      return "";
    }
  }

  function fill(row, item) {
    const name = String(item.NAME ?? "");
    row.querySelector("bdi").textContent = name;
    const made = Date.parse(item.CREATE_TIME);
    const facts = [
      item.TYPE === "file" ? size(Number(item.SIZE)) : "",
      Number.isNaN(made) ? "" : wording(new Date(made)),
    ];
    row.querySelector(".row-note").textContent = facts.filter(Boolean).join(" · ");
    const address = own(item.DETAIL_URL);
    if (address) row.querySelector("a").href = address;
    if (item.TYPE !== "file") row.querySelector("use").setAttribute("href", "#icon-files");
    const button = row.querySelector("[data-action=download]");
    button.setAttribute("aria-label", `${button.title}: ${name}`);
    button.hidden = item.TYPE !== "file";
    button.addEventListener("click", () => list.doing(download(item.ID)));
  }

  const list = new LiveList(panel, { load, fill, words: (item) => String(item.NAME ?? "") });
  list.start();
}

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
