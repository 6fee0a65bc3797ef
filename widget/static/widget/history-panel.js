// The history of a note: who changed it on which day, what each change did as readers see it, and the way back.

import { announce, blank, fill, locales } from "#frames/texts.js";
import { parts, pieces, undone } from "./difference.js";
import { reason, showError } from "./text-field.js";
import { localise } from "./times.js";

const day = new Intl.DateTimeFormat(locales, { dateStyle: "full" });

/** Shows the history of one of the `notes` below it. */
export function openHistory(element, button, notes) {
  if (element.querySelector(".history")) return;
  new HistoryPanel(element, {
    api: notes.api,
    onRestored: (note) => notes.show(element, note),
    onClash: (words, version) => {
      notes.edits.put(element.dataset.note, { text: words, version });
      notes.edit(element, (editor) => editor.form.requestSubmit());
    },
    onClose: () => button.focus(),
  });
}

class HistoryPanel {
  /** `onRestored(note)` gets the note as it is after a restore, `onClash(text, version)` what does not go together. */
  constructor(element, { api, onRestored, onClash, onClose }) {
    Object.assign(this, { element, api, onRestored, onClash, onClose });
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
      let last = "";
      this.list.replaceChildren();
      for (const version of results) {
        const date = day.format(new Date(version.written_at));
        this.list.append(this.#row(version, date !== last && date));
        last = date;
      }
      localise(this.list);
      this.list.querySelector("button")?.click();
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }

  #row(version, date) {
    const row = blank("blank-version");
    const heading = row.querySelector(".version-day");
    heading.hidden = !date;
    heading.textContent = date || "";
    row.querySelector("bdi").textContent = version.editor.name;
    row.querySelector("time").dateTime = version.written_at;
    const button = row.querySelector(".version-head");
    const detail = row.querySelector(".version-detail");
    button.addEventListener("click", () => {
      detail.hidden = !detail.hidden;
      button.setAttribute("aria-expanded", String(!detail.hidden));
      if (row.source === undefined) this.#open(row, version.version);
    });
    row.querySelector("[data-action=restore]").addEventListener("click", () => {
      this.#save(row.source, Number(this.element.dataset.version));
    });
    this.#steps(row, version.steps);
    return row;
  }

  /** What one person did within minutes can be looked at step by step. */
  #steps(row, steps) {
    const box = row.querySelector(".version-steps");
    box.hidden = steps.length < 2;
    const { pattern } = box.dataset;
    for (const [place, number] of [...steps].reverse().entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-plain";
      button.textContent = fill(pattern, { number: place + 1 });
      button.addEventListener("click", () => this.#open(row, number));
      box.append(button);
    }
  }

  async #open(row, number) {
    showError(this.panel);
    try {
      const version = await this.api.version(this.element.dataset.note, number);
      row.source = version.text;
      const take = (part) => this.#save(undone(version.text, part), number);
      const shown = version.parts ? parts(version.parts, take) : pieces(version.changes);
      const box = row.querySelector(".version-text");
      box.toggleAttribute("data-source", !version.parts);
      box.replaceChildren(...shown);
      row.querySelector("[data-action=restore]").hidden = number === Number(this.element.dataset.version);
    } catch (problem) {
      showError(this.panel, reason(problem));
    }
  }

  /** What came since is merged, as with every edit. */
  async #save(text, version) {
    showError(this.panel);
    try {
      const note = await this.api.edit(this.element.dataset.note, text, version);
      announce("saved");
      this.close();
      this.onRestored(note);
    } catch (problem) {
      if (problem.code !== "stale") return showError(this.panel, reason(problem));
      this.close();
      this.onClash(text, version);
    }
  }
}
