// Editing in place. Two people may edit one note: the server merges what does not clash, of the rest both are shown.
import { newKey } from "#frames/api.js";
import { announce, blank, text } from "#frames/texts.js";
import { addPreview, linkOnPaste } from "./preview.js";
import { reason, showError, TextField } from "./text-field.js";

export class Editor {
  #asked = false;
  // Once the note is gone: the key of the new one that may be made of the words.
  #key = "";

  /** `edits` keeps drafts; `onClose(note)` gets the note as it is now, or undefined when nothing changed. */
  constructor(element, { api, edits, onClose }) {
    Object.assign(this, { element, api, edits, onClose });
    this.id = element.dataset.note;
    this.source = element.querySelector(".note-source").content.textContent;
    const kept = edits.get(this.id);
    this.version = kept?.version ?? Number(element.dataset.version);
    this.prose = element.querySelector(".note-text");
    this.form = blank("blank-editor");
    this.form.querySelector("textarea").value = kept?.text ?? this.source;
    this.prose.hidden = true;
    this.prose.after(this.form);
    this.field = new TextField(this.form, {
      onSave: (value) => this.save(value),
      onCancel: () => this.cancel(),
      onInput: (words) => this.keep(words),
    });
    addPreview(this.form, api);
    linkOnPaste(this.field.area);
    this.form.querySelector("[data-action=cancel]").addEventListener("click", () => this.cancel());
    this.field.enrich();
  }

  focus() {
    this.field.area.setSelectionRange(-1, -1);
    this.field.focus();
  }

  keep(words) {
    const changed = words !== this.source;
    this.#asked = false;
    // Other words are another note.
    if (this.#key) this.#key = newKey();
    this.form.toggleAttribute("data-changed", changed);
    this.edits.put(this.id, changed ? { text: words, version: this.version } : null);
  }

  /** What was written is thrown away only by who says so twice. */
  cancel() {
    if (!this.form.hasAttribute("data-changed") || this.#asked) return this.close();
    showError(this.form, text("discard"));
    this.#asked = true;
  }

  close(note) {
    this.edits.put(this.id, null);
    this.form.remove();
    this.field.close();
    this.prose.hidden = false;
    this.onClose(note);
  }

  async save(value) {
    showError(this.form);
    this.field.busy = true;
    try {
      const note = this.#key
        ? await this.api.add(value, this.#key)
        : await this.api.edit(this.id, value, this.version);
      this.close(note);
      announce(note.merged ? "merged" : "saved");
      if (note.merged) showError(this.element, text("merged"), "good");
    } catch (problem) {
      this.field.busy = false;
      if (problem.code === "stale") this.#clash(problem);
      else if (problem.status === 404) this.#lose();
      else this.field.fail(reason(problem));
    }
  }

  /** The note is gone; the words are not. */
  #lose() {
    this.#key = newKey();
    this.field.button.textContent = text("asNew");
    this.field.fail(text("gone"));
  }

  /** Both texts side by side; in the field is what will be kept: the changes of both, and of what clashes one's own. */
  #clash({ current, clashes, merged }) {
    this.form.querySelector(".conflict")?.remove();
    const section = blank("blank-conflict");
    const pair = section.querySelector(".conflict-pair");
    pair.replaceWith(
      ...clashes.map((clash) => {
        const each = pair.cloneNode(true);
        for (const side of ["theirs", "mine"]) each.querySelector(`[data-${side}]`).textContent = clash[side];
        return each;
      }),
    );
    // The server has sanitised it, as it has what the page came with.
    section.querySelector(".prose").innerHTML = current.html;
    section.querySelector("[data-action=theirs]").addEventListener("click", () => this.close(current));
    section.querySelector("[data-action=mine]").addEventListener("click", () => {
      section.remove();
      this.form.requestSubmit();
    });
    this.version = current.version;
    this.field.value = merged ?? this.field.value;
    this.form.append(section);
    section.focus();
    section.scrollIntoView({ block: "nearest" });
  }
}
