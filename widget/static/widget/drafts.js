// What somebody has written and not saved outlives a closed panel. Browsers may refuse storage to frames of other
// sites, or have no room; then Bitrix24 keeps it, among the options that it keeps for each user of an application.
// Two frames may show one notebook, and neither hears of the other.
import { userOption } from "#frames/parent.js";

const PAUSE = 500;
const LONGEST = 2_000;

export class Draft {
  #timer;
  #waiting;
  #since = 0;
  // What was written here and is to be found again.
  #written = "";
  // As the browser's storage has it: null for nothing, "" for what Bitrix24 keeps.
  #own = null;

  /** `kind` and `id` tell the drafts of one viewer in one chat apart. */
  constructor({ member_id: memberId, dialog_id: dialogId, viewer_id: viewerId }, kind, id = "") {
    this.name = `${kind}:${dialogId}:${id}`;
    this.key = `${kind}:${dialogId}:${memberId}:${viewerId}:${id}`;
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => this.#leave());
  }

  /** Whether Bitrix24 keeps it. */
  get elsewhere() {
    return this.#local() === "";
  }

  /** The ids of all drafts of this kind that the browser keeps. */
  get ids() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.key));
      return keys.map((key) => key.slice(this.key.length)).filter(Boolean);
    } catch {
      return [];
    }
  }

  /** Resolves to what was kept, or null. */
  async read() {
    this.#own = this.#local();
    const kept = this.#own === "" ? await userOption(this.name).catch(() => "") : this.#own;
    try {
      return JSON.parse(kept || "null");
    } catch {
      return null;
    }
  }

  /** Keeps `value`, null for nothing. What another frame has kept since is replaced, but not thrown away. */
  write(value) {
    const kept = value ? JSON.stringify(value) : "";
    this.#written = kept;
    const before = this.#own;
    try {
      if (kept) localStorage.setItem(this.key, kept);
      else if (localStorage.getItem(this.key) === before) localStorage.removeItem(this.key);
      this.#own = kept || null;
      if (before === "") this.#later("");
    } catch {
      this.#own = "";
      this.#mark();
      this.#later(kept);
    }
  }

  #local() {
    try {
      const kept = localStorage.getItem(this.key);
      // Where there is no room for the mark it could not be left either.
      if (kept === null) {
        localStorage.setItem(this.key, "");
        localStorage.removeItem(this.key);
      }
      return kept;
    } catch {
      return "";
    }
  }

  #mark() {
    try {
      localStorage.setItem(this.key, "");
    } catch {
      // Then it is found out again by whoever reads.
    }
  }

  /** Soon after the last key, and now and then for who does not pause. */
  #later(kept) {
    clearTimeout(this.#timer);
    if (this.#waiting === undefined) this.#since = Date.now();
    this.#waiting = kept;
    const left = this.#since + LONGEST - Date.now();
    this.#timer = setTimeout(() => this.#hand(), kept ? Math.min(PAUSE, left) : 0);
  }

  /** Another frame that was done may have thrown away what stands in the field of this one. */
  #leave() {
    if (!this.#written) return;
    try {
      if (localStorage.getItem(this.key) === null) localStorage.setItem(this.key, this.#written);
    } catch {
      this.#waiting = this.#written;
    }
    this.#hand();
  }

  /** If Bitrix24 does not answer, the text is still in its field. */
  #hand() {
    if (this.#waiting === undefined) return;
    userOption(this.name, this.#waiting).catch(() => {});
    this.#waiting = undefined;
  }
}

/** Drafts of edits: for each note what was made of which version. */
export class Edits {
  #kept = {};
  #drafts = {};
  #known = false;

  constructor(frame) {
    this.frame = frame;
    // Bitrix24 gives its options by their names only: these are the ids.
    this.index = new Draft(frame, "edits");
  }

  /** Reads what is kept; of the ids `shown` another frame may have. `adopt(words)` gets what comes too late for a note. */
  async load(shown, adopt) {
    const listed = this.index.elsewhere ? [...((await this.index.read()) ?? []), ...shown] : [];
    const ids = [...new Set([...this.index.ids, ...listed])];
    const edits = await Promise.all(ids.map((id) => this.#draft(id).read()));
    // What was written before the answer came is newer.
    ids.forEach((id, place) => {
      if (!(id in this.#kept)) this.#kept[id] = edits[place];
      else if (edits[place] && this.#kept[id]) adopt(edits[place].text);
    });
    this.#known = true;
  }

  /** Pairs of a note's id and what is kept of an edit of it. */
  get all() {
    return Object.entries(this.#kept).filter(([, edit]) => edit);
  }

  get(id) {
    return this.#kept[id];
  }

  /** Keeps an edit; null when it is saved or given up. */
  put(id, edit) {
    if (!edit && !this.#kept[id]) return;
    this.#kept[id] = edit;
    const draft = this.#draft(id);
    draft.write(edit);
    if (!this.#known || !draft.elsewhere) return;
    const left = Object.keys(this.#kept).filter((each) => this.#kept[each]);
    this.index.write(left.length ? left : null);
  }

  #draft(id) {
    this.#drafts[id] ??= new Draft(this.frame, "edits", id);
    return this.#drafts[id];
  }
}
