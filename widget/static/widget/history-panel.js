// The history of a note: who changed it when, what each change did, and the way back.

import { announce, blank } from "#frames/texts.js";
import { reason, showError } from "./text-field.js";
import { localise } from "./times.js";

const TAGS = { same: "span", removed: "del", added: "ins" };

export class HistoryPanel {
  /** `onRestored(note)` gets the note as it is after a restore. */
  constructor(element, { api, onRestored, onClose }) {
    Object.assign(this, { element, api, onRestored, onClose });
    this.panel = blank("blank-history");
    this.list = this.panel.querySelector("ol");
    this.panel.querySelector("[data-action=close]").addEventListener("click", () => this.close());
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    element.querySelector("article").append(this.panel);
    this.panel.focus();
    this.#load();
  }

  close() {
    this.panel.remove();
    this.onClose();
  }

  async #load() {
    try {
      const { results } = await this.api.history(this.element.dataset.note);
      this.list.replaceChildren(...results.map((version) => this.#row(version)));
      localise(this.list);
      this.list.querySelector("button")?.click();
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }

  #row(version) {
    const row = blank("blank-version");
    row.querySelector("bdi").textContent = version.editor.name;
    row.querySelector("time").dateTime = version.written_at;
    const button = row.querySelector("button");
    button.addEventListener("click", () => this.#open(row, button, version.version));
    row.querySelector("[data-action=restore]").addEventListener("click", () => this.#restore(row));
    return row;
  }

  async #open(row, button, number) {
    const detail = row.querySelector(".version-detail");
    detail.hidden = !detail.hidden;
    button.setAttribute("aria-expanded", String(!detail.hidden));
    if (row.source !== undefined) return;
    showError(this.panel);
    try {
      const version = await this.api.version(this.element.dataset.note, number);
      row.source = version.text;
      const pieces = version.changes.map(({ kind, text }) => {
        const piece = document.createElement(TAGS[kind]);
        piece.textContent = text;
        return piece;
      });
      detail.querySelector(".version-text").replaceChildren(...pieces);
      row.querySelector("[data-action=restore]").hidden = number === Number(this.element.dataset.version);
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }

  async #restore(row) {
    showError(this.panel);
    try {
      const { note: id, version } = this.element.dataset;
      const note = await this.api.edit(id, row.source, Number(version));
      announce("saved");
      this.close();
      this.onRestored(note);
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }
}
