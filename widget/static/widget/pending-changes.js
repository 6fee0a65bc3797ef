// What others did waits here when showing it would move what somebody is reading: a pill offers it, as messengers do.
import { announce, text } from "#frames/texts.js";

export class PendingChanges {
  #notes = new Map();
  #gone = new Set();

  /** `onShow()` is called when the reader wants to see; `take` then gives what has waited. */
  constructor(box, { onShow }) {
    this.pill = box.querySelector("button");
    this.pill.addEventListener("click", () => onShow());
    this.trouble = box.querySelector("p");
  }

  /** Says that what others do does not arrive, or that it does again. */
  stop(on) {
    this.trouble.hidden = !on;
    announce(on ? "stopped" : "back");
  }

  /** A note that is new or has changed. */
  hold(note) {
    this.#gone.delete(note.id);
    this.#notes.set(note.id, note);
    this.#tell();
  }

  /** A note that was deleted. `shown`: it can still be read here. */
  holdGone(id, shown) {
    this.#notes.delete(id);
    if (shown) this.#gone.add(id);
    this.#tell();
  }

  /** A note that is there, as it has been all the time for whoever still sees it. */
  back(id) {
    if (this.#gone.delete(id)) this.#tell();
  }

  /** What waits of this note is shown by now. */
  settle({ id, version }) {
    if (this.#notes.get(id)?.version <= version) this.#notes.delete(id);
    this.#gone.delete(id);
    this.#tell();
  }

  /** Everything that waits, which then waits no more. */
  take() {
    const waiting = { results: [...this.#notes.values()], deleted: [...this.#gone] };
    this.#notes.clear();
    this.#gone.clear();
    this.#tell();
    return waiting;
  }

  #tell() {
    const count = this.#notes.size + this.#gone.size;
    const said = count ? text("news", { count }) : "";
    if (said === this.pill.textContent) return;
    this.pill.textContent = said;
    this.pill.hidden = !count;
    if (count) announce("news", { count });
  }
}
