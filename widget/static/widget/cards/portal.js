// What live cards ask of the portal: REST under the viewer's own rights, and Bitrix24's own windows.
import { parentFrame } from "../parent.js";

/** The portal refused. `denied`: asking again will not help. */
export class Refused extends Error {
  constructor(code = "") {
    super(code);
    this.denied = /access|scope|not_found/i.test(code);
  }
}

/**
 * Runs commands `{name: {method, params}}` in one request, which a later one may build on (`$result[name][…]`).
 * Resolves to `{name: {result, total}}` (inside a batch the SDK takes every answer for one with a next page). Throws Refused for the first command that failed.
 */
export async function ask(calls) {
  const frame = await parentFrame();
  const answer = await frame.actions.v2.batch.make({
    calls,
    options: { isHaltOnError: true, returnAjaxResult: true },
  });
  const rows = answer.getData() ?? {};
  for (const row of Object.values(rows)) {
    for (const error of row.errors.values()) throw new Refused(error.code);
  }
  if (!answer.isSuccess) throw new Refused([...answer.errors.values()][0]?.code);
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [
      name,
      { result: row.getData().result, total: row.getTotal() },
    ]),
  );
}

/** Opens a page of the portal in its slider; where that is not possible, in a window of its own. */
export async function openPath(path) {
  const frame = await parentFrame();
  return frame.slider.openPath(frame.slider.getUrl(path));
}

/** Opens a chat in the messenger. */
export async function openChat(dialogId) {
  const frame = await parentFrame();
  return frame.parent.imOpenMessenger(dialogId);
}
