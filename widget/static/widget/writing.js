// The rich editor comes when somebody begins to write. Until it is here, or where it does not come, the text field serves.
import { Draft } from "./drafts.js";

let coming;

async function parts() {
  const answer = await fetch(new URL("editor/", location.href), {
    headers: { "Accept-Language": document.documentElement.lang },
    credentials: "omit",
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

function load() {
  coming ??= Promise.all([import("./dist/rich-editor.js"), parts()]).catch((error) => {
    coming = undefined;
    throw error;
  });
  return coming;
}

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

/** Resolves to the rich editor in the place of `area`, with its caret; to null where it cannot be had. */
export async function enrich(area) {
  let composing = false;
  const told = ({ type }) => {
    composing = type === "compositionstart";
  };
  area.addEventListener("compositionstart", told);
  area.addEventListener("compositionend", told);
  try {
    const [{ RichEditor }, words] = await load();
    // Whoever is in the middle of a word of an input method is not disturbed.
    if (composing) await new Promise((done) => area.addEventListener("compositionend", done, { once: true }));
    const writing = document.activeElement === area;
    const editor = new RichEditor(area, words);
    if (writing) editor.focus(area.selectionStart);
    return editor;
  } catch {
    return null;
  }
}
