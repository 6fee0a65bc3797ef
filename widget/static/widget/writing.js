// The rich editor comes when somebody begins to write. Until it is here, or where it does not come, the text field serves.
import { Draft } from "./drafts.js";

/** What a viewer has chosen for all chats: whether to write Markdown as it is. */
class Choice {
  #plain;

  start(frame) {
    this.kept = new Draft({ ...frame, dialog_id: "" }, "plain");
  }

  async plain() {
    this.#plain ??= (await this.kept.read()) === true;
    return this.#plain;
  }

  choose(plain) {
    this.#plain = plain;
    this.kept.write(plain || null);
  }
}

export const choice = new Choice();

/** Resolves to the rich editor in the place of the text area of `field`; to null where it cannot be had. */
export async function enrich(field) {
  try {
    const { take } = await import("./dist/rich-editor.js");
    return await take(field);
  } catch {
    return null;
  }
}
