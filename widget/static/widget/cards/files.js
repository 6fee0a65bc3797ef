// Files: the chat's folder, newest first. Addresses for downloading carry the viewer's token: used, never kept.
import { wording } from "../times.js";
import { LiveList } from "./list.js";
import { ask } from "./portal.js";

const PAGE = 50;
const lang = document.documentElement.lang || "en";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export default function files(panel, frame) {
  const home = new URL(frame.images[0]);
  let folder = null;

  async function load(start) {
    // `$result` saves a round trip; the folder's number is known from the second page on.
    const params = { id: folder ?? "$result[folder][ID]", order: { CREATE_TIME: "DESC" }, start: start ?? 0 };
    const calls = { items: { method: "disk.folder.getchildren", params } };
    const first = { folder: { method: "im.disk.folder.get", params: { DIALOG_ID: frame.dialog_id } } };
    const after = (start ?? 0) + PAGE;
    const answer = await ask(folder ? calls : { ...first, ...calls });
    folder ??= answer.folder.result.ID;
    return {
      items: Object.values(answer.items.result),
      next: after < answer.items.total ? after : null,
    };
  }

  async function download(id) {
    // The address in the list dies with the token; a fresh one is asked for at the moment of use.
    const { file } = await ask({ file: { method: "disk.file.get", params: { id } } });
    const address = own(file.result.DOWNLOAD_URL);
    if (address) window.open(address, "_blank", "noopener,noreferrer");
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
    button.addEventListener("click", () => download(item.ID).catch(() => {}));
  }

  new LiveList(panel, { load, fill, words: (item) => String(item.NAME ?? "") }).start();
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
