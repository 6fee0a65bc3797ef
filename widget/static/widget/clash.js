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
  pair.replaceWith(...clashes.map((clash) => sides(pair.cloneNode(true), clash, field)));
  // The server has sanitised it, as it has what the page came with.
  section.querySelector(".prose").innerHTML = current.html;
  section.querySelector(".conflict-foot [data-action=theirs]").addEventListener("click", onTheirs);
  section.querySelector("[data-action=mine]").addEventListener("click", () => {
    section.remove();
    form.requestSubmit();
  });
  field.value = merged ?? field.value;
  form.append(section);
  section.focus();
  section.scrollIntoView({ block: "nearest" });
}

function sides(pair, clash, field) {
  pair.querySelector("[data-theirs]").append(...pieces(clash.pieces, "removed"));
  pair.querySelector("[data-mine]").append(...pieces(clash.pieces, "added"));
  let chosen = clash.mine;
  for (const button of pair.querySelectorAll("[data-choice]")) {
    const { choice } = button.dataset;
    const both = [clash.theirs, clash.mine].filter(Boolean).join("\n");
    const said = { theirs: clash.theirs, mine: clash.mine, both }[choice];
    button.addEventListener("click", () => {
      const text = field.text;
      // Where it was rewritten by hand meanwhile, what is chosen stands at the end.
      field.value = chosen && text.includes(chosen) ? text.replace(chosen, () => said) : `${text}\n${said}`;
      chosen = said;
      for (const each of pair.querySelectorAll("[data-choice]"))
        each.setAttribute("aria-pressed", String(each === button));
    });
  }
  return pair;
}
