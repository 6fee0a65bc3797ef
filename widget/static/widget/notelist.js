// The list of notes: what is shown, in the server's order, whoever brings it.

import { announce, blank, text } from "#frames/texts.js";
import { NoteElements } from "./noteelements.js";
import { PendingChanges } from "./pending-changes.js";
import { attended, reason, showError } from "./text-field.js";

// Being saved, edited, looked into, about to be deleted, or just deleted and still to be undone.
const BUSY = "[aria-busy], [data-deleted], :has(.editor, .history, .note-ask)";
// One whose deletion we asked for: its answer offers to undo it.
const GOING = ":has(.note-ask [aria-busy=true])";

function belowTheFold(element) {
  return element.getBoundingClientRect().top >= innerHeight;
}

function edited(element) {
  return Boolean(element.querySelector(".editor"));
}

export class NoteList extends NoteElements {
  // Grows when the list becomes another one: a page that was asked for before is not of it.
  #generation = 0;
  // The revision of the latest news.
  #seen = 0;

  /** `onSearch()` is called for the notes that are looked for to be asked again. */
  constructor(root, { api, frame, onSearch }) {
    super();
    Object.assign(this, { root, api, frame, onSearch });
    this.news = new PendingChanges(root.querySelector("#news"), { onShow: () => this.showNews() });
    this.list = root.querySelector("#notes");
    this.empty = root.querySelector("#empty");
    this.end = root.querySelector("#older");
    this.next = this.end.dataset.next ?? null;
    this.more = this.end.querySelector("button");
    this.more.addEventListener("click", () => this.older());
    for (const element of this.list.children) this.name(element);
    this.enableBoxes(this.list);
  }

  /** Shows a page of what was looked for, or the whole notebook again; what somebody is busy with stays. */
  replace({ results, next, revision }, filtered) {
    // Older than news that came while it was on its way.
    if (revision < this.#seen) {
      this.onSearch();
      return;
    }
    const wanted = new Set(results.map((note) => `note-${note.id}`));
    this.#generation += 1;
    this.next = next;
    this.end.hidden = !next;
    this.news.take();
    for (const element of [...this.list.children])
      if (!wanted.has(element.id) && !element.matches(BUSY)) element.remove();
    for (const note of results) {
      const element = document.getElementById(`note-${note.id}`);
      if (element) this.#refresh(element, note);
      else this.insert(note);
    }
    showError(this.end);
    this.updateEmptyState(filtered);
    announce(results.length ? "found" : "nothing");
  }

  /** Why the list could not be loaded. */
  showLoadError(problem) {
    this.end.hidden = false;
    showError(this.end, reason(problem));
  }

  /** What others did: shown at once where nothing moves by it, else offered. Never touches what is being written. */
  merge({ results, deleted, revision }) {
    this.#seen = revision;
    for (const id of deleted) {
      const element = document.getElementById(`note-${id}`);
      if (element?.matches(GOING)) continue;
      if (element && edited(element)) element.held = { gone: true };
      else if (element && belowTheFold(element)) element.remove();
      else this.news.holdGone(id, Boolean(element));
    }
    const empty = !this.list.childElementCount && !this.filtered;
    const oldest = this.#boundary;
    for (const note of results) {
      const element = document.getElementById(`note-${note.id}`);
      if (element) this.#renew(element, note);
      else if (empty) this.insert(note);
      // What belongs to older pages comes with them.
      else if (note.pinned_at || note.id > oldest) this.news.hold(note);
      this.news.back(note.id);
    }
    this.updateEmptyState();
  }

  /** Shows what was offered, and leads to it. */
  showNews() {
    const { results, deleted } = this.news.take();
    if (this.filtered) {
      this.onSearch();
      this.root.querySelector("#finder input").focus();
      return;
    }
    for (const id of deleted) {
      const element = document.querySelector(`#note-${id}:not(${GOING})`);
      if (element && edited(element)) element.held = { gone: true };
      else element?.remove();
    }
    for (const note of results) {
      const element = document.getElementById(`note-${note.id}`);
      if (element) this.#refresh(element, note);
      else this.insert(note);
    }
    this.updateEmptyState();
    const shown = new Set(results.map((note) => `note-${note.id}`));
    const first =
      [...this.list.children].find((element) => shown.has(element.id)) ?? this.list.firstElementChild;
    first?.focus();
    first?.scrollIntoView({ block: "nearest" });
  }

  #renew(element, note) {
    if (edited(element)) {
      element.held = note;
      return;
    }
    const changed = Number(element.dataset.version) < note.version;
    const moved = element.dataset.pinned !== (note.pinned_at ?? "");
    const still = !changed || belowTheFold(element) || this.#asHigh(element, note);
    if (!moved && still) this.#refresh(element, note);
    else if (moved || changed) this.news.hold(note);
  }

  /** Whether an element stays as high as it is when it shows `note`. */
  #asHigh(element, note) {
    const probe = element.cloneNode(true);
    this.write(probe, note);
    probe.removeAttribute("id");
    probe.className = "note block note-probe";
    probe.style.width = `${element.offsetWidth}px`;
    this.list.append(probe);
    const same = probe.offsetHeight === element.offsetHeight;
    probe.remove();
    return same;
  }

  /** What came while a note was being edited is shown when that is over; `saved` is what came of it. */
  release(element, saved) {
    const { held } = element;
    delete element.held;
    if (saved) {
      this.show(element, saved);
      this.place(element);
    }
    if (held?.gone && saved?.id !== Number(element.dataset.note)) this.bury(element);
    else if (held && !held.gone) this.#refresh(element, held);
  }

  /** The note was deleted: in its place stands the way back. */
  bury(element) {
    const trace = blank("blank-undo");
    trace.dataset.deleted = element.dataset.note;
    const here = attended(element);
    element.replaceWith(trace);
    if (here) trace.querySelector("button").focus();
    announce("deleted");
  }

  #refresh(element, note) {
    if (edited(element)) element.held = note;
    if (edited(element) || Number(element.dataset.version) > note.version) return;
    const moved = element.dataset.pinned !== (note.pinned_at ?? "");
    if (Number(element.dataset.version) < note.version) this.show(element, note);
    else this.mark(element, note);
    if (moved) this.place(element);
  }

  /** Puts a note into its place; the element. */
  insert(note) {
    const element = blank("blank-note");
    element.classList.add("note-fresh");
    this.show(element, note);
    this.place(element);
    return element;
  }

  /** The oldest note of the pages that were shown; older ones may be, out of the bin or with a draft. */
  get #boundary() {
    return this.next ? Number(new URL(this.next, location.href).searchParams.get("before")) : 0;
  }

  /** Puts a note where the server would: the pinned first, then the newest. */
  place(element) {
    const { pinned, note } = element.dataset;
    const after = [...this.list.children].find((other) => {
      if (other === element || !other.dataset.note) return false;
      if (other.dataset.pinned !== pinned) return other.dataset.pinned < pinned;
      return Number(other.dataset.note) < Number(note);
    });
    if (element.nextElementSibling !== after || !element.isConnected)
      this.list.insertBefore(element, after ?? null);
  }

  /** A note being saved: shown at once as plain text. */
  addPending(source) {
    const element = blank("blank-note");
    this.sign(element, { author: { id: this.frame.viewer_id, name: text("you") }, version: 1 });
    element.removeAttribute("data-author");
    const prose = element.querySelector(".note-text");
    prose.textContent = source;
    prose.classList.add("prose-plain");
    element.classList.add("note-fresh");
    element.setAttribute("aria-busy", "true");
    this.list.insertBefore(element, this.list.querySelector('.note[data-pinned=""]'));
    this.updateEmptyState();
    return element;
  }

  /** The note has been saved. */
  confirmPending(element, note) {
    element.querySelector(".note-text").classList.remove("prose-plain");
    element.removeAttribute("aria-busy");
    const known = document.getElementById(`note-${note.id}`);
    // Somebody writes there already.
    if (known && edited(known)) return element.remove();
    known?.remove();
    this.show(element, note);
  }

  /** The note could not be saved. */
  removePending(element) {
    element.remove();
    this.updateEmptyState();
  }

  /** Shows a note of the API in its element. */
  show(element, note) {
    this.write(element, note);
    this.news.settle(note);
  }

  async older() {
    if (this.more.getAttribute("aria-busy") === "true") return;
    this.more.setAttribute("aria-busy", "true");
    showError(this.end);
    const mine = this.#generation;
    try {
      let page;
      do {
        page = await this.api.page(this.next);
        if (mine !== this.#generation) return;
      } while (page.revision < this.#seen);
      this.next = page.next;
      const first = this.#append(page.results);
      this.end.hidden = !page.next;
      announce("older");
      if (!page.next) first?.focus();
    } catch (problem) {
      if (mine === this.#generation) showError(this.end, reason(problem));
    } finally {
      this.more.removeAttribute("aria-busy");
    }
  }

  #append(notes) {
    const fresh = notes.filter((note) => !document.getElementById(`note-${note.id}`));
    const elements = fresh.map((note) => {
      const element = blank("blank-note");
      this.show(element, note);
      this.place(element);
      return element;
    });
    return elements[0];
  }

  /** Says so when nothing is there, or nothing that was looked for. */
  updateEmptyState(filtered = this.filtered) {
    this.filtered = filtered;
    const empty = this.list.childElementCount === 0;
    this.empty.hidden = !empty || Boolean(filtered);
    this.root.querySelector("#nothing").hidden = !empty || !filtered;
  }
}
