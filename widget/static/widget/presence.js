// Who else has the notebook open, and where they write. It comes and goes with the question that the page asks anyway.
import { newKey } from "#frames/api.js";
import { locales, text } from "#frames/texts.js";

// Whoever has typed nothing for so long is here, and does not write.
const PAUSE = 30_000;
const SHOWN = 3;
const list = new Intl.ListFormat(locales, { type: "conjunction" });

export class Presence {
  #form = null;
  #at = 0;

  /** `onWriting()` is called when somebody begins to write, `onLeave(page)` when the page is closed or hidden. */
  constructor(root, { onWriting, onLeave }) {
    this.root = root;
    this.page = newKey();
    this.box = root.querySelector("#here");
    // Without a pointer that can rest on it, names are shown by a press.
    this.box.addEventListener("click", () => {
      this.box.setAttribute("aria-expanded", String(this.box.getAttribute("aria-expanded") !== "true"));
    });
    root.addEventListener("keydown", ({ target, key }) => {
      const form = target.closest(".editor, #composer");
      if (!form || key === "Escape" || key === "Tab") return;
      const began = form !== this.#form || Date.now() - this.#at > PAUSE;
      this.#form = form;
      this.#at = Date.now();
      // Once the key has done what it does.
      if (began) setTimeout(onWriting);
    });
    const leave = () => onLeave(this.page);
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", () => document.hidden && leave());
  }

  /** What this page says of itself. */
  get me() {
    const { page } = this;
    const form = this.#form;
    const writes = form?.isConnected && Date.now() - this.#at < PAUSE && form.field?.value;
    return writes ? { page, writing: form.closest(".note")?.dataset.note ?? 0 } : { page };
  }

  /** `here`: others as `{id, name, note}`. */
  show(here) {
    const said = here.length ? text("here", { names: list.format(here.map(({ name }) => name)) }) : "";
    this.box.replaceChildren(...here.slice(0, SHOWN).map(avatar));
    if (here.length > SHOWN) this.box.append(`+${here.length - SHOWN}`);
    this.box.title = said;
    this.box.hidden = !here.length;
    const label = document.createElement("span");
    const writers = here.filter(({ note }) => note === 0);
    label.textContent = writers.length ? writing(writers) : said;
    label.className = writers.length ? "here-said here-writing" : "here-said";
    this.box.append(label);
    for (const element of this.root.querySelectorAll(".note")) {
      const there = here.filter(({ note }) => note && String(note) === element.dataset.note);
      const place = element.querySelector(".note-writing") ?? this.#place(element, there);
      if (place) place.textContent = there.length ? writing(there) : "";
    }
  }

  #place(element, there) {
    if (!there.length) return null;
    const place = document.createElement("span");
    place.className = "note-writing";
    element.querySelector("article").append(place);
    return place;
  }
}

function writing(people) {
  const names = list.format(people.map(({ name }) => name));
  return people.length === 1 ? text("writes", { name: names }) : text("write", { names });
}

function avatar({ id, name }) {
  const made = document.createElement("span");
  made.className = `avatar tone-${String(id).slice(-1)}`;
  made.ariaHidden = "true";
  made.textContent = [...name][0] ?? "?";
  return made;
}
