// What somebody has written and not saved outlives a closed panel. Browsers may refuse storage to frames of other
// sites; then Bitrix24 keeps it, among the options that it keeps for each user of an application.
import { userOption } from "./parent.js";

const PAUSE = 500;

export class Draft {
  #timer;
  #waiting;

  /** `kind` tells the drafts of one viewer in one chat apart. */
  constructor({ member_id: memberId, dialog_id: dialogId, viewer_id: viewerId }, kind) {
    this.name = `${kind}:${dialogId}`;
    this.key = `${this.name}:${memberId}:${viewerId}`;
    addEventListener("pagehide", () => this.#hand());
  }

  /** Resolves to what was kept, or null. */
  async read() {
    let kept;
    try {
      kept = localStorage.getItem(this.key);
    } catch {
      kept = await userOption(this.name).catch(() => "");
    }
    try {
      return JSON.parse(kept || "null");
    } catch {
      return null;
    }
  }

  /** Keeps `value`, null for nothing. */
  write(value) {
    const kept = value ? JSON.stringify(value) : "";
    try {
      if (kept) localStorage.setItem(this.key, kept);
      else localStorage.removeItem(this.key);
    } catch {
      clearTimeout(this.#timer);
      this.#waiting = kept;
      this.#timer = setTimeout(() => this.#hand(), PAUSE);
    }
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
  #known = false;

  constructor(frame) {
    this.draft = new Draft(frame, "edits");
  }

  /** Resolves to pairs of a note's id and `{text, version}`. */
  async load() {
    // What was written before the answer came is newer.
    this.#kept = { ...(await this.draft.read()), ...this.#kept };
    this.#known = true;
    return Object.entries(this.#kept).filter(([, edit]) => edit);
  }

  get(id) {
    return this.#kept[id];
  }

  /** Keeps an edit; null when it is saved or given up. */
  put(id, edit) {
    if (!edit && !this.#kept[id]) return;
    this.#kept[id] = edit;
    const left = Object.entries(this.#kept).filter(([, each]) => each);
    if (this.#known) this.draft.write(left.length ? Object.fromEntries(left) : null);
  }
}
