// Notes as elements: what the server's template (templates/widget/note.html) has places for is written into them here.
import { boxesOf } from "./checkboxes.js";
import { localise } from "./times.js";

/** Needs `root`, the notebook, and `frame`, the page's frame data. */
export class NoteElements {
  /** Lets those who may write tick the boxes under `element`. */
  enableBoxes(element) {
    const readOnly = this.root.hasAttribute("data-read-only") || !this.frame.can_write;
    for (const box of boxesOf(element)) box.disabled = readOnly;
  }

  /** Writes a note into an element. */
  write(element, note) {
    element.id = `note-${note.id}`;
    element.dataset.note = note.id;
    element.dataset.version = note.version;
    const time = element.querySelector("time");
    time.dateTime = note.created_at;
    // The server has sanitised it, as it has what the page came with.
    element.querySelector(".note-text").innerHTML = note.html;
    const source = element.querySelector(".note-source");
    if (source) source.content.textContent = note.text;
    this.sign(element, note);
    this.mark(element, note);
    this.name(element);
    this.enableBoxes(element);
    localise(element);
  }

  /** What can be done with a note is told apart from the same of other notes by how the note begins. */
  name(element) {
    const beginning = element.querySelector(".note-text :is(p, li, pre, td, h1, h2, h3, h4, h5, h6)");
    const words = beginning?.textContent.trim().slice(0, 40) ?? "";
    for (const button of element.querySelectorAll(".note-tools button"))
      button.setAttribute("aria-label", `${button.title}: ${words}`);
  }

  /** Shows whether a note is pinned. */
  mark(element, note) {
    const pinned = note.pinned_at ?? "";
    element.dataset.pinned = pinned;
    element.querySelector("[data-action=pin]")?.setAttribute("aria-pressed", String(Boolean(pinned)));
  }

  sign(element, { author, editor, version }) {
    const avatar = element.querySelector(".avatar");
    avatar.textContent = [...author.name][0] ?? "?";
    avatar.className = `avatar tone-${String(author.id).slice(-1)}`;
    element.querySelector(".note-author bdi").textContent = author.name;
    element.dataset.author = author.id;
    element.querySelector(".note-edited").hidden = version === 1;
    element.querySelector(".note-editor").textContent = editor?.name ?? "";
  }
}
