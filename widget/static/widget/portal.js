// What live cards ask of the portal: REST under the viewer's own rights, and Bitrix24's own windows.
import { parentFrame } from "#frames/parent.js";

// Codes that asking again does not change (Bitrix24 REST docs: errors of im.* and disk.*, and of REST as such).
const DENIED = new Set([
  "ACCESS_ERROR",
  "ACCESS_DENIED",
  "USER_ACCESS_ERROR",
  "INSUFFICIENT_SCOPE",
  "INVALID_CREDENTIALS",
  "ERROR_NOT_FOUND",
  "ERROR_METHOD_NOT_FOUND",
]);

/** The portal refused. `denied`: asking again will not help. */
export class Refused extends Error {
  constructor(code = "") {
    super(String(code));
    this.denied = DENIED.has(this.message.toUpperCase());
  }
}

/** What one command brought. */
class Answer {
  #row;

  constructor(row) {
    this.#row = row;
  }

  get ok() {
    return this.#row?.isSuccess === true;
  }

  /** Throws Refused if the command failed. */
  get result() {
    if (!this.ok) throw new Refused([...(this.#row?.errors.values() ?? [])][0]?.code);
    return this.#row.getData().result;
  }

  /** The start of the page that follows the one at `start`, null for none. Older portals give no total. */
  next(start, size, got) {
    const total = this.#row.getTotal();
    const after = start + size;
    return (total > 0 ? after < total : got === size) ? after : null;
  }
}

/**
 * Runs commands `{name: {method, params}}` in one request, of which a later one may build on an earlier one's
 * result (`$result[name][…]`). Resolves to an `Answer` for each, rejects when the portal does not answer.
 */
export async function ask(calls) {
  const frame = await parentFrame();
  const answer = await frame.actions.v2.batch.make({
    calls,
    options: { isHaltOnError: false, returnAjaxResult: true },
  });
  const rows = answer.getData() ?? {};
  if (!Object.keys(rows).length) throw new Refused([...answer.errors.values()][0]?.code);
  return Object.fromEntries(Object.keys(calls).map((name) => [name, new Answer(rows[name])]));
}

/** Opens a page of the portal in its slider. Settles when that is closed; rejects where Bitrix24 has no slider. */
export async function openPath(path) {
  const frame = await parentFrame();
  return frame.slider.openPath(frame.slider.getUrl(path));
}
