// What composer and editor share: a field that grows, counts near its limit, saves by keyboard and says why not.
import { seconds, text } from "#frames/texts.js";
import { choice, enrich } from "./writing.js";

const LIMIT = 20_000;
const COUNT_FROM = 18_000;
const GROWS = CSS.supports("field-sizing", "content");
const number = new Intl.NumberFormat(document.documentElement.lang || "en");

/** Why a request failed, for people. */
export function reason(problem) {
  if (problem.errors?.text) return problem.errors.text.join(" ");
  if (problem.status === 429) return text("busy", { seconds: seconds(problem.retryAfter ?? 5) });
  if (["offline", "session", "read_only"].includes(problem.code)) return text(problem.code);
  if (problem.status === 401) return text("session");
  return problem.detail || text("failed");
}

/** Shows or, with an empty message, hides what went wrong (or well: `tone` "good") inside `box`. */
export function showError(box, message = "", tone = "") {
  const element = box.querySelector(".problem");
  element.dataset.tone = tone;
  element.querySelector("span").textContent = message;
  element.hidden = !message;
}

/** Whether the keyboard is in `box`, or nowhere: an answer takes it from nobody who went on elsewhere. */
export function attended(box) {
  const { activeElement } = document;
  return activeElement === document.body || box.contains(activeElement);
}

export class TextField {
  // What takes the place of the text area once it is here.
  #rich = null;
  #coming = false;

  /** `onSave(text)` is called by the button and by Ctrl/Cmd+Enter; `onCancel()` by Escape. */
  constructor(form, { onSave, onCancel, onInput }) {
    this.form = form;
    form.field = this;
    this.area = form.querySelector("textarea");
    this.button = form.querySelector("[type=submit]");
    this.count = form.querySelector(".composer-count");
    this.onInput = onInput ?? (() => {});
    this.area.addEventListener("input", () => this.input());
    for (const type of ["compositionstart", "compositionend"])
      this.area.addEventListener(type, () => {
        this.composing = type === "compositionstart";
      });
    this.toggle = form.querySelector("[data-action=markdown]");
    this.toggle.addEventListener("click", () => this.#switch());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.ready) onSave(this.checked);
    });
    form.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      // A key that is held down answers no question.
      else if (event.key === "Escape" && !event.repeat) onCancel();
    });
    this.changed();
  }

  /** The Markdown as it is typed. */
  get text() {
    return this.#rich ? this.#rich.text : this.area.value;
  }

  get value() {
    return trimmed(this.text);
  }

  /** What is saved: it was read again, and says what is seen. */
  get checked() {
    return trimmed(this.#rich ? this.#rich.checked : this.area.value);
  }

  set value(text) {
    this.area.value = text;
    this.#rich?.show(text);
    this.changed();
  }

  get ready() {
    return this.button.getAttribute("aria-disabled") === "false";
  }

  get busy() {
    return this.button.getAttribute("aria-busy") === "true";
  }

  set busy(on) {
    this.button.setAttribute("aria-busy", String(on));
    this.changed();
  }

  fail(message) {
    showError(this.form, message);
    if (attended(this.form)) this.focus();
  }

  focus() {
    if (this.#rich) this.#rich.focus();
    else this.area.focus();
  }

  /** Lets people write without Markdown, unless they want it. */
  async enrich() {
    if (this.#rich || this.#coming) return;
    this.#coming = true;
    this.#show((await choice.plain()) ? null : await enrich(this));
    this.#coming = false;
    if (!this.form.isConnected) this.close();
  }

  /** The form goes. */
  close() {
    this.#rich?.remove();
    this.#rich = null;
  }

  #show(rich) {
    this.#rich = rich;
    this.form.toggleAttribute("data-rich", rich !== null);
    this.toggle.setAttribute("aria-pressed", String(rich === null));
  }

  async #switch() {
    choice.choose(this.#rich !== null);
    if (this.#rich) {
      this.#rich.remove();
      this.#show(null);
      this.changed();
    } else await this.enrich();
    this.focus();
  }

  /** Somebody types. */
  input() {
    showError(this.form);
    this.changed();
  }

  changed() {
    const text = this.text;
    const length = trimmed(text).length;
    const ready = length > 0 && length <= LIMIT && !this.busy;
    // Not `disabled`: a button that loses the focus when it is pressed loses the keyboard with it.
    this.button.setAttribute("aria-disabled", String(!ready));
    this.count.hidden = length < COUNT_FROM;
    this.count.textContent = `${number.format(length)} / ${number.format(LIMIT)}`;
    this.count.toggleAttribute("data-over", length > LIMIT);
    this.area.setAttribute("aria-invalid", String(length > LIMIT));
    if (!GROWS) this.grow();
    this.onInput(text);
  }

  grow() {
    this.area.style.height = "auto";
    this.area.style.height = `${this.area.scrollHeight + 2}px`;
  }
}

/** Without blank lines around it; what stands before the first word in its line may be Markdown. */
function trimmed(text) {
  return text.replace(/^(?:[ \t]*[^\S \t])+/, "").trimEnd();
}
