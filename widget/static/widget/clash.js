// Two texts that exclude each other stand side by side, with what differs marked. In the field is what will be kept:
// the changes of both, and of what clashes one's own, until somebody chooses otherwise or writes on.
import { blank } from "#frames/texts.js";
import { pieces } from "./difference.js";

/** `form` is that of an editor, `onTheirs()` closes it with the note as it is. */
export function showClash(form, { current, clashes, merged }, { onTheirs }) {
  const { field } = form;
  form.querySelector(".conflict")?.remove();
  const section = blank("blank-conflict");
  const pair = section.querySelector(".conflict-pair");
  const offered = merged ?? field.text;
  field.value = offered;
  const places = new Places(offered, clashes);
  const rows = clashes.map((clash, index) =>
    sides(pair.cloneNode(true), clash, (lines) => {
      field.value = places.choose(field.text, index, lines);
    }),
  );
  pair.replaceWith(...rows);
  // The server has sanitised it, as it has what the page came with.
  section.querySelector(".prose").innerHTML = current.html;
  section.querySelector(".conflict-foot [data-action=theirs]").addEventListener("click", onTheirs);
  section.querySelector("[data-action=mine]").addEventListener("click", () => {
    section.remove();
    form.requestSubmit();
  });
  form.append(section);
  section.focus();
  section.scrollIntoView({ block: "nearest" });
}

/** Where in the field's text each clash stands, whatever was chosen of the others, and written around them. */
class Places {
  // Lines that do not clash and lines that do, in turn.
  #parts = [];

  constructor(text, clashes) {
    const lines = text.split("\n");
    let done = 0;
    for (const { line, lines: count } of clashes) {
      this.#parts.push(lines.slice(done, line), lines.slice(line, line + count));
      done = line + count;
    }
    this.#parts.push(lines.slice(done));
  }

  /** `text` with `chosen` lines in the place of clash number `index`. */
  choose(text, index, chosen) {
    const lines = text.split("\n");
    const at = 2 * index + 1;
    const place = this.#find(lines, at);
    const old = this.#parts[at];
    this.#parts[at] = chosen;
    // Where it was rewritten by hand meanwhile, what is chosen stands at the end.
    if (place < 0) return [...lines, ...chosen].join("\n");
    lines.splice(place, old.length, ...chosen);
    return lines.join("\n");
  }

  /** By what stands before it, else by what stands after it, else by itself. */
  #find(lines, at) {
    const old = this.#parts[at];
    const before = this.#parts.slice(0, at).flat();
    const after = this.#parts.slice(at + 1).flat();
    const stands = (place, part) => part.every((line, offset) => lines[place + offset] === line);
    if (stands(0, [...before, ...old])) return before.length;
    const fromEnd = lines.length - after.length - old.length;
    if (fromEnd >= 0 && stands(fromEnd, [...old, ...after])) return fromEnd;
    if (!old.length) return -1;
    const found = lines.flatMap((_line, place) => (stands(place, old) ? [place] : []));
    return found.length === 1 ? found[0] : -1;
  }
}

function sides(pair, clash, onChoose) {
  pair.querySelector("[data-theirs]").append(...pieces(clash.pieces, "removed"));
  pair.querySelector("[data-mine]").append(...pieces(clash.pieces, "added"));
  for (const button of pair.querySelectorAll("[data-choice]")) {
    const { choice } = button.dataset;
    const both = [clash.theirs, clash.mine].filter(Boolean).join("\n");
    const said = { theirs: clash.theirs, mine: clash.mine, both }[choice];
    button.addEventListener("click", () => {
      onChoose(said ? said.split("\n") : []);
      for (const each of pair.querySelectorAll("[data-choice]"))
        each.setAttribute("aria-pressed", String(each === button));
    });
  }
  return pair;
}
