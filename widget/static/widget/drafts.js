// What somebody has written and not saved outlives a closed panel. Browsers may refuse storage to frames of other
// sites; then Bitrix24 keeps it, among the options that it keeps for each user of an application.
import { userOption } from "./parent.js";

const PAUSE = 500;

export class Draft {
  #timer;

  constructor(memberId, dialogId, viewerId) {
    this.name = `draft:${dialogId}`;
    this.key = `${this.name}:${memberId}:${viewerId}`;
  }

  /** Resolves to the text that was kept, or "". */
  async read() {
    try {
      return localStorage.getItem(this.key) ?? "";
    } catch {
      return userOption(this.name).catch(() => "");
    }
  }

  write(text) {
    try {
      if (text.trim()) localStorage.setItem(this.key, text);
      else localStorage.removeItem(this.key);
    } catch {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#hand(text.trim() && text), PAUSE);
    }
  }

  /** If Bitrix24 does not answer, the text is still in the field. */
  #hand(text) {
    userOption(this.name, text).catch(() => {});
  }
}
