// The bin: what was deleted in the last 30 days, and the way back.

import { announce, blank, fill } from "#frames/texts.js";
import { reason, showError } from "./text-field.js";
import { localise } from "./times.js";

export class Bin {
  #next = null;

  /** `onRestored(note)` gets a note that is back. */
  constructor(button, { api, onRestored }) {
    Object.assign(this, { button, api, onRestored });
    this.panel = document.getElementById("bin");
    this.list = this.panel.querySelector("ol");
    this.more = this.panel.querySelector("[data-action=more]");
    this.more.addEventListener("click", () => this.#load(this.#next));
  }

  toggle() {
    this.panel.hidden = !this.panel.hidden;
    this.button.setAttribute("aria-expanded", String(!this.panel.hidden));
    this.list.replaceChildren();
    if (!this.panel.hidden) this.#load("");
  }

  async #load(next) {
    showError(this.panel);
    this.more.hidden = true;
    try {
      const page = await this.api.bin(next);
      const rows = page.results.map((note) => this.#row(note));
      if (next) this.list.append(...rows);
      else this.list.replaceChildren(...rows);
      localise(this.list);
      this.#next = page.next;
      this.more.hidden = !page.next;
      this.panel.querySelector("[data-empty]").hidden = this.list.childElementCount > 0;
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }

  #row(note) {
    const row = blank("blank-binned");
    row.querySelector("bdi").textContent = note.author.name;
    const deleter = row.querySelector("[data-pattern]");
    deleter.textContent = fill(deleter.dataset.pattern, { name: note.deleter.name });
    row.querySelector("time").dateTime = note.deleted_at;
    // The server has sanitised it, as it has what the page came with.
    row.querySelector(".prose").innerHTML = note.html;
    const button = row.querySelector("button");
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-busy") === "true") return;
      button.setAttribute("aria-busy", "true");
      try {
        const back = await this.api.restore(note.id);
        row.remove();
        this.onRestored(back);
        announce("restoredNote");
      } catch (problem) {
        button.removeAttribute("aria-busy");
        showError(row, reason(problem));
      }
    });
    return row;
  }
}
