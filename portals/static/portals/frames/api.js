// The sidebar's API: JSON with a bearer session; errors are problem details (RFC 9457).
const TIMEOUT = 20_000;
// The portal's settings exclude the viewer since a moment ago: no session helps.
const EXCLUDED = ["administrators_only", "employees_only", "context_excluded"];

/** An answer that is no success. `code` is for the program, `detail` for people; code "offline": no answer at all. */
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.detail = body.detail ?? "";
    this.errors = body.errors ?? {};
    this.current = body.current ?? null;
    this.clashes = body.clashes ?? [];
    this.merged = body.merged ?? null;
    this.retryAfter = retryAfter;
    this.lost = EXCLUDED.includes(this.code);
  }
}

/** A new key for `Api.add`: a UUID. `crypto.randomUUID` does not exist in a frame of a portal that is reached by plain http. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One request. Resolves to the parsed body, or null when there is none. Throws Problem. */
export async function send(method, url, { body, session, etag, key } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (body) headers["Content-Type"] = "application/json";
  if (session) headers.Authorization = `Bearer ${session}`;
  if (etag) headers["If-None-Match"] = etag;
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch {
    throw new Problem(0, { code: "offline" });
  }
  if (response.status === 304) return null;
  const answer = response.status === 204 ? null : await response.json().catch(() => undefined);
  // Cut on the way: what it said, nobody knows.
  if (response.ok && answer === undefined) throw new Problem(0, { code: "offline" });
  if (response.ok) return answer;
  throw new Problem(response.status, answer, Number(response.headers.get("Retry-After")) || null);
}

/** Calls under a session that renews itself: a session that ended costs one renewal and one repetition. */
export class Api {
  constructor(base, session) {
    this.base = base;
    this.session = session;
  }

  async request(method, path, body, more = {}) {
    const url = this.base + path;
    const session = await this.session.token();
    try {
      return await send(method, url, { body, session, ...more });
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      return send(method, url, { body, session: await this.session.renew(), ...more });
    }
  }

  /** A page of notes. `next` is what the page before gave, whatever origin a proxy made it name. */
  page(next) {
    return this.request("GET", `notes/${new URL(next, location.href).search}`);
  }

  /** A new note; the same `key` again leads to the same note, so that a cut connection makes no second one. */
  add(text, key) {
    return this.request("POST", "notes/", { text }, { key });
  }

  /**
   * What was made of `version`, or of `base` where that is none. The same `key` again is the same edit. The note that
   * comes back is `merged` with what others have changed since.
   */
  edit(id, text, version, { base, key } = {}) {
    return this.request("PATCH", `notes/${id}/`, { text, version, base }, { key });
  }

  note(id) {
    return this.request("GET", `notes/${id}/`);
  }

  /** Into the bin, if it still says what `version` said. */
  remove(id, version) {
    return this.request("DELETE", `notes/${id}/?version=${version}`);
  }

  /** A page of the bin; `next` as of pages of notes, "" for the first. */
  bin(next) {
    return this.request("GET", `notes/deleted/${new URL(next, location.href).search}`);
  }

  /** What changed since a revision, and who is here; null when neither did. `me`: this page, and where one writes. */
  changes(revision, etag, me = {}) {
    const asked = new URLSearchParams({ since: revision, ...me });
    return this.request("GET", `notes/changes/?${asked}`, undefined, { etag });
  }

  /** The page goes away, and waits for nothing. */
  leave(page) {
    const session = this.session.held;
    if (!session) return;
    const headers = { Authorization: `Bearer ${session}` };
    const url = `${this.base}notes/here/${page}/`;
    fetch(url, { method: "DELETE", headers, credentials: "omit", keepalive: true }).catch(() => {});
  }

  preview(text) {
    return this.request("POST", "notes/preview/", { text });
  }

  tick(id, box, checked, version) {
    return this.request("PUT", `notes/${id}/boxes/${box}/`, { checked, version });
  }

  pin(id, pinned) {
    return this.request(pinned ? "PUT" : "DELETE", `notes/${id}/pin/`);
  }

  restore(id) {
    return this.request("POST", `notes/${id}/restore/`);
  }

  templates() {
    return this.request("GET", "templates/");
  }

  /** A template of the chat; one of this title gets another text. */
  keepTemplate(title, text) {
    return this.request("POST", "templates/", { title, text });
  }

  removeTemplate(id) {
    return this.request("DELETE", `templates/${id}/`);
  }

  history(id) {
    return this.request("GET", `notes/${id}/history/`);
  }

  version(id, number) {
    return this.request("GET", `notes/${id}/history/${number}/`);
  }
}
