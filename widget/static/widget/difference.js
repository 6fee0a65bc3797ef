// What a change did, as the server says it.
import { text } from "#frames/texts.js";

const TAGS = { same: "span", removed: "del", added: "ins" };

/** Runs of text; `only` leaves out the other kind of change. */
export function pieces(found, only) {
  return found
    .filter(({ kind }) => !only || kind === "same" || kind === only)
    .map(({ kind, text: words }) => {
      const piece = document.createElement(TAGS[kind]);
      piece.textContent = words;
      return piece;
    });
}

/** Paragraphs, items and rows as readers see them; `onUndo(part)` offers to take each change back. */
export function parts(found, onUndo) {
  return found.map((part) => {
    const box = document.createElement("div");
    box.className = `part part-is-${part.kind}`;
    // Made by the server of escaped words and its own tags.
    box.innerHTML = part.kind === "gap" ? "<p>…</p>" : part.html;
    if (part.undo && onUndo) box.append(button(() => onUndo(part)));
    return box;
  });
}

function button(onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-plain needs-write";
  made.textContent = text("takeBack");
  made.addEventListener("click", onClick);
  return made;
}

/** `source` with one part as it was before. */
export function undone(source, { undo }) {
  const lines = source.split("\n");
  lines.splice(undo.start, undo.end - undo.start, ...undo.lines);
  return lines.join("\n");
}
