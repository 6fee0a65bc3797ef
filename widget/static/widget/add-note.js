// A new note whose key was sent before with another text: it may have arrived although no answer came.
import { newKey } from "#frames/api.js";

/** Resolves to the note of `text`, which met `problem`; `onKey(key)` is told of another key, if it needs one. */
export async function addAgain(api, text, problem, onKey = () => {}) {
  if (problem.code !== "key_reused") throw problem;
  const edited = await goOn(api, problem.current, text);
  if (edited) return edited;
  const another = newKey();
  onKey(another);
  return api.add(text, another);
}

/**
 * What was written on to a text that had arrived becomes an edit of its note, of what was sent: its first version.
 * Resolves to nothing if it is another text, or does not go together with what others made of the note.
 */
async function goOn(api, made, text) {
  try {
    const sent = made.version === 1 ? made : await api.version(made.id, 1);
    return text.includes(sent.text) && (await api.edit(made.id, text, 1));
  } catch (problem) {
    if (![404, 409].includes(problem.status)) throw problem;
  }
}
