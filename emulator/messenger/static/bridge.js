// The parent side of an application's frame: messages in, replies out.
// Protocol: the official JS SDK (`MessageManager`) and the portal's own page.

/**
 * One message as {method, params, callback, sid}, or null when it has not the shape of one.
 * String form: `method[:JSON]:callback:APP_SID`; the JSON may itself hold colons.
 * Object form: `{method, params, callback, appSid, requestId}`.
 */
export function parseMessage(data) {
  if (typeof data === "string") return parseString(data);
  if (data === null || typeof data !== "object" || typeof data.method !== "string") return null;
  return {
    method: data.method,
    params: data.params || {},
    callback: String(data.callback ?? ""),
    sid: data.appSid,
  };
}

function parseString(text) {
  const parts = text.split(":");
  if (parts.length < 3) return null;
  const sid = parts.pop();
  const callback = parts.pop();
  const [method, ...rest] = parts;
  try {
    return { method, params: rest.length ? JSON.parse(rest.join(":")) : {}, callback, sid };
  } catch {
    return null;
  }
}

/**
 * Answers one frame. Messages of another origin or with another APP_SID, and unknown commands, meet silence.
 * `commands` maps a method to `(params, reply, callback) => void`; `reply(value)` may be called late or never.
 */
export class Bridge {
  #frame;
  #origin;
  #sid;
  #commands;
  #listener = (event) => this.#receive(event);

  constructor({ frame, origin, sid, commands }) {
    this.#frame = frame;
    this.#origin = origin;
    this.#sid = sid;
    this.#commands = commands;
    window.addEventListener("message", this.#listener);
  }

  close() {
    window.removeEventListener("message", this.#listener);
  }

  /** Sends a value under a callback id; undefined becomes an empty body, as the portal's page does. */
  send(callback, value) {
    const body = value === undefined ? "" : JSON.stringify(value);
    this.#frame.contentWindow?.postMessage(`${callback}:${body}`, this.#origin);
  }

  #receive(event) {
    if (event.origin !== this.#origin) return;
    const message = parseMessage(event.data);
    if (message === null || message.sid !== this.#sid) return;
    if (!Object.hasOwn(this.#commands, message.method)) return;
    this.#commands[message.method](
      message.params,
      (value) => this.send(message.callback, value),
      message.callback,
    );
  }
}
