// Editing in place. Two people may edit one note: the server merges what does not clash, of the rest both are shown.
// What is written is saved after a pause; until somebody is done it can be taken back.
import { newKey } from "#frames/api.js";
import { announce, blank, text } from "#frames/texts.js";
import { addAgain } from "./add-note.js";
import { showClash } from "./clash.js";
import { addPreview, linkOnPaste } from "./preview.js";
import { attended, reason, showError } from "./text-field.js";
import { Unsent } from "./unsent.js";

const PAUSE = 5_000;
const AGAIN = 15_000;

export class Editor {
  #asked = false;
  // Whose words to keep: nothing is saved by itself until somebody has decided.
  #undecided;
  #timer;
  #turn = Promise.resolve();
  // What was saved last, and the note that came of it.
  #saved;
  #note;
  // Once the note is gone: the key of the new one that may be made of the words.
  #key = "";
  #label = "";
  #words;

  /**
   * `TextField` is that of the page, `edits` keeps drafts. `onClose(note, {merged, here})` gets the note as it is now,
   * undefined when nothing changed, what was written if others' changes were merged into it, and whether the keyboard
   * was in the editor.
   */
  constructor(element, { TextField, api, edits, onClose }) {
    Object.assign(this, { element, api, edits, onClose });
    this.id = element.dataset.note;
    const source = element.querySelector(".note-source").content.textContent;
    const kept = edits.get(this.id) ?? { text: source, version: Number(element.dataset.version) };
    this.unsent = new Unsent(api, this.id, kept);
    this.source = kept.source ?? source;
    this.#saved = kept.saved ?? this.source;
    this.#words = kept.text;
    this.#undecided = kept.undecided ?? false;
    this.prose = element.querySelector(".note-text");
    this.form = blank("blank-editor");
    this.form.editor = this;
    this.form.querySelector("textarea").value = kept.text;
    this.hint = this.form.querySelector(".composer-hint");
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

  /** Goes on with `words`. */
  add(words) {
    this.field.value = [this.field.text, words].filter(Boolean).join("\n\n");
    this.focus();
  }

  focus() {
    this.field.area.setSelectionRange(-1, -1);
    this.field.focus();
  }

  keep(words) {
    this.#asked = false;
    const typed = words !== this.#words;
    this.#words = words;
    if (words !== this.#saved && !this.#undecided) this.hint.textContent = "";
    this.#remember(words);
    if (typed) this.#later(PAUSE);
  }

  #remember(words = this.field.text) {
    const changed = words !== this.#saved || this.unsent.sent !== null;
    this.form.toggleAttribute("data-changed", changed);
    const { source } = this;
    const draft = {
      text: words,
      source,
      saved: this.#saved,
      undecided: this.#undecided,
      ...this.unsent.kept,
    };
    this.edits.put(this.id, changed ? { ...draft, ...(this.#key && { key: this.#key }) } : null);
  }

  #later(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#autosave(), pause);
  }

  /** Saves what is written so far; whoever writes is not disturbed, whatever comes of it. */
  async #autosave() {
    if (!this.form.isConnected || this.#key || this.#undecided || !this.field.ready) return;
    const value = this.field.checked;
    if (value === this.#saved) return;
    try {
      await this.#send(value);
      this.hint.textContent = text("saved");
    } catch (problem) {
      if (problem.status === 404) return this.#lose();
      this.#undecided = problem.code === "stale";
      if (this.#undecided) this.hint.textContent = text("clashes");
      // What is refused for what it is is refused again.
      else if ([400, 403, 413, 422].includes(problem.status)) this.hint.textContent = reason(problem);
      else {
        this.#later(AGAIN);
        this.hint.textContent = text("unsaved");
      }
    }
  }

  /** One after the other. */
  #send(value) {
    const send = async () => {
      const note = await this.unsent.save(value, () => this.#remember());
      // What was merged a moment ago can still be undone.
      if (note.version === this.#note?.version) note.before ??= this.#note.before;
      this.#note = note;
      this.#saved = value;
      this.#remember();
      return this.#note;
    };
    this.#turn = this.#turn.then(send, send);
    return this.#turn;
  }

  /** What was written is thrown away only by who says so twice; what was saved meanwhile is taken back. */
  async cancel() {
    if (this.field.busy) return;
    const changed = this.field.text !== this.source || this.unsent.sent;
    if (!changed && this.#saved === this.source) return this.close(this.#note);
    if (changed && !this.#asked) {
      showError(this.form, text("discard"));
      this.#asked = true;
      return;
    }
    clearTimeout(this.#timer);
    if (this.#key || (this.#saved === this.source && !this.unsent.sent)) return this.close(this.#note);
    this.field.busy = true;
    try {
      this.close(await this.#send(this.source));
    } catch (problem) {
      this.#fail(problem);
    }
  }

  close(note, merged) {
    clearTimeout(this.#timer);
    this.edits.put(this.id, null);
    const here = attended(this.form);
    this.form.remove();
    this.field.close();
    this.prose.hidden = false;
    this.onClose(note, { merged, here });
  }

  /** The note, which was gone, is back. */
  back() {
    delete this.element.held;
    this.focus();
    if (!this.#key) return;
    this.#key = "";
    this.field.button.textContent = this.#label;
    showError(this.form);
    this.keep(this.field.text);
  }

  async save(value) {
    showError(this.form);
    clearTimeout(this.#timer);
    this.field.busy = true;
    try {
      if (this.#key) {
        const again = (problem) =>
          addAgain(this.api, value, problem, (key) => {
            this.#key = key;
            this.#remember();
          });
        return this.close(await this.api.add(value, this.#key).catch(again));
      }
      await this.#turn.catch(() => {});
      const note = await this.#send(value);
      announce(note.merged ? "merged" : "saved");
      if (!this.#goesOn(value)) return this.close(note, note.merged ? value : null);
      this.field.busy = false;
      this.hint.textContent = text("saved");
    } catch (problem) {
      // Of words that somebody wrote meanwhile it is asked again, and they are what is shown.
      if (problem.code === "stale" && this.#goesOn(value)) {
        this.field.busy = false;
        return this.save(this.field.checked);
      }
      this.#fail(problem);
    }
  }

  /** Whether somebody has written on since `value` was sent. */
  #goesOn(value) {
    return this.field.checked !== value && this.field.checked !== "";
  }

  #fail(problem) {
    this.field.busy = false;
    if (problem.code === "stale") this.#clash(problem);
    else if (problem.status === 404) this.#lose();
    else this.field.fail(reason(problem));
  }

  /** The note is gone; the words are not. */
  #lose() {
    this.#key = newKey();
    this.#remember();
    this.#label ||= this.field.button.textContent;
    this.field.button.textContent = text("asNew");
    this.hint.textContent = "";
    showError(this.form, text("gone"));
  }

  #clash(problem) {
    this.#undecided = true;
    this.hint.textContent = "";
    this.unsent.start(problem.current.version);
    // What others have made of it is not taken back by giving up.
    this.#saved = this.source = problem.current.text;
    showClash(this.form, problem, { onTheirs: () => this.close(problem.current) });
    this.#remember();
  }
}
