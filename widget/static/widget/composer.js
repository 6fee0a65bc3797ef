// The composer on top. A new note appears at once; if it cannot be saved, its text comes back with the reason.
import { newKey } from "./api.js";
import { Draft } from "./drafts.js";
import { explain, Field, reason } from "./field.js";
import { announce } from "./texts.js";

const NOTHING = { text: "", key: "" };

export class Composer {
  #pending = "";
  #known = false;
  #last = "null";
  // What was sent last and may have arrived although no answer came; sent again it must not become a second note.
  #sent = NOTHING;

  constructor(form, { api, frame, notes }) {
    this.api = api;
    this.notes = notes;
    this.form = form;
    this.draft = new Draft(frame, "draft");
    this.field = new Field(form, {
      onSave: (text) => this.save(text),
      onCancel: () => this.leave(),
      onInput: () => this.keep(),
    });
    this.field.area.addEventListener("focus", () => {
      form.toggleAttribute("data-kept", false);
      form.toggleAttribute("data-open", true);
    });
    this.#restore();
  }

  /** What is being sent and what is being written: what would be lost without a draft. */
  get unsaved() {
    return join(this.#pending, this.field?.area.value ?? "");
  }

  /** Words that have lost their place, to be saved as a note. */
  take(words) {
    this.field.value = join(words, this.field.area.value);
  }

  async #restore() {
    const kept = await this.draft.read();
    this.#known = true;
    const typed = this.unsaved;
    if (kept && !typed.includes(kept.text)) {
      this.#last = JSON.stringify(kept);
      if (!this.#sent.key) this.#sent = kept.sent ?? NOTHING;
      // It takes no more room than the empty field did, until somebody comes to it.
      this.form.toggleAttribute("data-kept", document.activeElement !== this.field.area);
      this.take(kept.text);
      announce("restored");
    }
    this.keep();
  }

  keep() {
    const text = this.unsaved;
    // Whoever has emptied the field does not go on with what was in it.
    if (!text) this.#sent = NOTHING;
    const kept = text ? { text, sent: this.#sent } : null;
    const said = JSON.stringify(kept);
    // Not before it is known what was kept, and not again what is kept already.
    if (!this.#known || said === this.#last) return;
    this.#last = said;
    this.draft.write(kept);
  }

  leave() {
    this.field.area.blur();
    this.form.removeAttribute("data-open");
  }

  async save(text) {
    this.#pending = text;
    explain(this.form);
    this.field.value = "";
    this.field.busy = true;
    const element = this.notes.expect(text);
    announce("saving");
    try {
      this.notes.settle(element, await this.#send(text));
      this.#sent = NOTHING;
      this.#pending = "";
      announce("saved");
    } catch (problem) {
      this.notes.withdraw(element);
      announce("");
      if (problem.code === "key_reused") this.#sent = NOTHING;
      const together = this.unsaved;
      this.#pending = "";
      this.field.value = together;
      this.field.fail(reason(problem));
    } finally {
      this.field.busy = false;
      this.keep();
    }
  }

  /** What was written on to a text that may have arrived becomes an edit of that one's note. */
  async #send(text) {
    if (!this.#sent.key || !text.includes(this.#sent.text)) this.#sent = { text, key: newKey() };
    this.keep();
    const { text: first, key } = this.#sent;
    const note = await this.api.add(first, key);
    return text === first ? note : this.api.edit(note.id, text, 1);
  }
}

function join(...parts) {
  return parts.filter((part) => part.trim()).join("\n\n");
}
