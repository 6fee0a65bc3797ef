// The widget session: minutes long, renewed by proving access to the chat again with fresh auth from Bitrix24.
import { Problem, send } from "#frames/api.js";
import { freshAuth } from "#frames/parent.js";

const RESERVE = 30_000;

export class Session {
  #token;
  #ends;
  #renewal = null;

  /** `frame` is the page's frame data; `onRights(canWrite)` hears what a renewal says about writing, `onLost(problem)` that it was
   * refused: the viewer has left the chat, or the application the portal. */
  constructor(frame, { onRights, onLost }) {
    this.frame = frame;
    this.onRights = onRights;
    this.onLost = onLost;
    this.#accept(frame);
  }

  /** A session that lasts long enough for a request. */
  async token() {
    return Date.now() < this.#ends - RESERVE ? this.#token : this.renew();
  }

  /** The session as it is; nothing if it is over. */
  get held() {
    return Date.now() < this.#ends && this.#token;
  }

  /** Trades fresh auth for a new session; requests that wait at the same time share one renewal. */
  renew() {
    this.#renewal ??= this.#trade().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #trade() {
    const auth = await freshAuth().catch(() => {
      throw new Problem(401, { code: "session" });
    });
    const answer = await send("POST", `${this.frame.api}session/`, {
      body: {
        member_id: this.frame.member_id,
        access_token: auth.accessToken,
        expires_in: Number(auth.expiresIn) || undefined,
        dialog_id: this.frame.dialog_id,
      },
    }).catch((problem) => {
      problem.lost = [402, 403, 404].includes(problem.status);
      if (problem.lost) this.onLost(problem);
      throw problem;
    });
    this.#accept(answer);
    this.onRights(answer.can_write);
    return this.#token;
  }

  #accept({ session, expires_in: lifetime }) {
    this.#token = session;
    this.#ends = Date.now() + lifetime * 1000;
  }
}
