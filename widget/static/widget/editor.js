// Editing in place. Two people may edit the same note: then both versions are shown and the writer decides.
import { explain, Field, reason } from "./field.js";
import { addPreview, linkOnPaste } from "./preview.js";
import { announce, blank, text } from "./texts.js";

export class Editor {
  /** `onClose(element, note)` gets the note as it is now, or undefined when nothing changed. */
  constructor(element, { api, onClose }) {
    this.element = element;
    this.api = api;
    this.onClose = onClose;
    this.version = Number(element.dataset.version);
    this.prose = element.querySelector(".note-text");
    this.form = blank("blank-editor");
    this.form.querySelector("textarea").value = element.querySelector(".note-source").content.textContent;
    this.field = new Field(this.form, {
      onSave: (value) => this.save(value),
      onCancel: () => this.close(),
    });
    addPreview(this.form, api);
    linkOnPaste(this.field.area);
    this.form.querySelector("[data-action=cancel]").addEventListener("click", () => this.close());
    this.open();
  }

  open() {
    this.prose.hidden = true;
    this.prose.after(this.form);
    this.field.changed();
    this.field.area.focus();
    this.field.area.setSelectionRange(-1, -1);
  }

  close(note) {
    this.form.remove();
    this.prose.hidden = false;
    this.onClose(this.element, note);
  }

  async save(value) {
    explain(this.form);
    this.field.busy = true;
    try {
      const note = await this.api.edit(this.element.dataset.note, value, this.version);
      announce("saved");
      this.close(note);
    } catch (problem) {
      this.field.busy = false;
      if (problem.code === "stale" && problem.current) this.clash(problem.current);
      else this.field.fail(problem.status === 404 ? text("gone") : reason(problem));
    }
  }

  clash(current) {
    this.form.querySelector(".conflict")?.remove();
    const section = blank("blank-conflict");
    // The server has sanitised it, as it has what the page came with.
    section.querySelector(".prose").innerHTML = current.html;
    section.querySelector("[data-action=theirs]").addEventListener("click", () => this.close(current));
    section.querySelector("[data-action=mine]").addEventListener("click", () => {
      // Saved over exactly what is shown here; a third version would ask again.
      this.version = current.version;
      section.remove();
      this.form.requestSubmit();
    });
    this.form.append(section);
    section.focus();
    section.scrollIntoView({ block: "nearest" });
  }
}
