// Search and the filter of open points: asked of the server, which knows all notes and not only those shown.
const PAUSE = 250;

export class Search {
  #timer;
  #asked = 0;

  /** `onFound(page)` gets the first page that fits; `onFail(problem)` why there is none. */
  constructor(form, { api, onFound, onFail }) {
    Object.assign(this, { form, api, onFound, onFail });
    this.words = form.querySelector("[type=search]");
    this.open = form.querySelector("[name=open]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.find();
    });
    this.words.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.find(), PAUSE);
    });
    this.open.addEventListener("change", () => this.find());
  }

  get active() {
    return this.words.value.trim() !== "" || this.open.checked;
  }

  /** Back to the whole notebook. */
  clear() {
    this.words.value = "";
    this.open.checked = false;
    this.words.focus();
    return this.find();
  }

  async find() {
    clearTimeout(this.#timer);
    const mine = ++this.#asked;
    const query = new URLSearchParams();
    if (this.words.value.trim()) query.set("q", this.words.value.trim());
    if (this.open.checked) query.set("open", "true");
    try {
      const page = await this.api.page(`?${query}`);
      if (mine === this.#asked) this.onFound(page);
    } catch (problem) {
      if (mine === this.#asked) this.onFail(problem);
    }
  }
}
