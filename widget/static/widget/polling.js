// What others change appears within seconds: one conditional request, mostly answered by "nothing new" (304).
const SOON = 4_000;
const LATER = 20_000;
const IDLE = 10 * 60_000;
const LONGEST = 60_000;
// One failure is nothing: a lift, a server that starts anew.
const TROUBLE = 2;

export class Polling {
  #timer;
  #busy = false;
  #failures = 0;
  #touched = Date.now();

  /**
   * `me()` is what the page says of itself. `onChanges({results, deleted, here})` gets what is new; `onTrouble(on)` hears
   * that nothing has come for a while, and that it comes again; `onLost(problem)` that the notebook is closed to us.
   */
  constructor({ api, revision, me, onChanges, onTrouble, onLost }) {
    Object.assign(this, { api, revision, me, onChanges, onTrouble, onLost });
    this.etag = `"${revision}"`;
    for (const type of ["pointerdown", "keydown", "scroll", "focus"])
      addEventListener(type, () => this.#touch(), { passive: true, capture: true });
    document.addEventListener("visibilitychange", () => this.ask());
    addEventListener("online", () => this.ask());
    this.#wait();
  }

  /** Somebody is here again after a pause: what they see must be of now. */
  #touch() {
    const idle = this.#idle;
    this.#touched = Date.now();
    if (idle) this.ask();
  }

  /** Whoever has not touched the page for long is not here. */
  get #idle() {
    return Date.now() - this.#touched > IDLE;
  }

  #wait() {
    clearTimeout(this.#timer);
    // A hidden page asks for nothing; becoming visible asks at once.
    if (document.hidden) return;
    const pace = this.#idle ? LATER : SOON;
    const pause = Math.min(LONGEST, pace * 2 ** this.#failures);
    this.#timer = setTimeout(() => this.ask(), pause * (0.8 + Math.random() * 0.4));
  }

  async ask() {
    if (this.#busy || document.hidden) return this.#wait();
    this.#busy = true;
    try {
      let news;
      do {
        news = await this.api.changes(this.revision, this.etag, this.#idle ? {} : this.me());
        if (!news) break;
        this.onChanges(news);
        this.revision = news.revision;
        this.etag = news.etag;
      } while (news.more);
      if (this.#failures >= TROUBLE) this.onTrouble(false);
      this.#failures = 0;
    } catch (problem) {
      this.#failures = Math.min(4, this.#failures + 1);
      if (this.#failures === TROUBLE) this.onTrouble(true);
      if (problem.lost) {
        this.onLost(problem);
        return;
      }
    } finally {
      this.#busy = false;
    }
    this.#wait();
  }
}
