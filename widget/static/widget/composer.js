// The composer on top. A new note appears at once; if it cannot be saved, its text comes back with the reason.
import { Draft } from "./drafts.js";
import { explain, Field, reason } from "./field.js";
import { announce } from "./texts.js";

export class Composer {
  #pending = "";
  #last = null;
  // What was sent last and may have arrived although no answer came; sent again it must not become a second note.
  #sent = { text: "", key: "" };

  constructor(form, { api, frame, notes }) {
    this.api = api;
    this.notes = notes;
    this.form = form;
    this.draft = new Draft(frame.member_id, frame.dialog_id, frame.viewer_id);
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

  async #restore() {
    const kept = await this.draft.read();
    this.#last = kept;
    if (kept && !this.field.value) {
      // It takes no more room than the empty field did, until somebody comes to it.
      this.form.toggleAttribute("data-kept", document.activeElement !== this.field.area);
      this.field.value = kept;
      announce("restored");
    } else this.keep();
  }

  /** The draft holds what is not saved: what is being sent and what is being written. */
  keep() {
    const text = this.#together();
    // Not before it is known what was kept, and not again what is kept already.
    if (this.#last === null || text === this.#last) return;
    this.#last = text;
    this.draft.write(text);
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
      this.notes.settle(element, await this.api.add(text, this.#keyOf(text)));
      this.#sent = { text: "", key: "" };
      this.#pending = "";
      announce("saved");
    } catch (problem) {
      this.notes.withdraw(element);
      this.#takeBack(reason(problem));
    } finally {
      this.field.busy = false;
      this.keep();
    }
  }

  #keyOf(text) {
    if (this.#sent.text !== text) this.#sent = { text, key: newKey() };
    return this.#sent.key;
  }

  #takeBack(message) {
    const text = this.#together();
    this.#pending = "";
    this.field.value = text;
    this.field.fail(message);
  }

  #together() {
    return [this.#pending, this.field?.area.value ?? ""].filter((part) => part.trim()).join("\n\n");
  }
}

/** A UUID. `crypto.randomUUID` does not exist in a frame of a portal that is reached by plain http. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
