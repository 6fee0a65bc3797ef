// An edit on its way. What was sent and not answered is asked again as it was, under its key, before anything else is:
// so nobody's own words, saved but unconfirmed, come back to them as somebody else's.
import { newKey } from "#frames/api.js";

export class Unsent {
  /** `kept` is what a draft remembers: `version` and `base` that was edited, `sent` and not answered. */
  constructor(api, id, kept) {
    Object.assign(this, { api, id, version: kept.version, base: kept.base, sent: kept.sent ?? null });
  }

  get kept() {
    const { version, base, sent } = this;
    return { version, base, sent };
  }

  /** From here on `base` is in front of the writer, where `version` says something else. */
  start(version, base) {
    Object.assign(this, { version, base, sent: null });
  }

  /** Resolves to the note. `onSent()` is called when there is something to remember. */
  async save(text, onSent) {
    if (this.sent) {
      const { text: before } = this.sent;
      try {
        const note = await this.#send(this.sent);
        if (text === before) return note;
      } catch (problem) {
        // What was refused is old by now: what is written now is asked about.
        if (problem.code !== "stale" || text === before) throw problem;
      }
    }
    this.sent = { text, version: this.version, base: this.base, key: newKey() };
    onSent();
    return this.#send(this.sent);
  }

  async #send(sent) {
    let note;
    try {
      note = await this.api.edit(this.id, sent.text, sent.version, sent);
    } catch (problem) {
      // Refused: it has not been made. Without an answer, nobody knows.
      if (problem.status >= 400 && problem.status < 500) this.sent = null;
      throw problem;
    }
    this.start(note.version, note.merged ? sent.text : undefined);
    return note;
  }
}
