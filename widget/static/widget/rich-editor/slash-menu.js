// "/" at the beginning of a line offers what can stand there; letters after it narrow the choice.
import { Plugin, TextSelection } from "prosemirror-state";
import { COMMANDS } from "./commands.js";
import { schema } from "./schema.js";

const GAP = "…";

/** `box` is the list box with an option for each command and each template; `template(name)` is what that says. */
export function slashMenu(box, template) {
  const options = [...box.querySelectorAll("[role=option]")];
  let shown = [];
  let current = 0;
  let dismissed = "";

  function asked(state) {
    const { $from, empty } = state.selection;
    if (
      !empty ||
      $from.parent.type !== schema.nodes.paragraph ||
      $from.parentOffset !== $from.parent.content.size
    )
      return null;
    const found = $from.parent.textContent.match(/^\/([^\s/]{0,20})$/);
    return found ? found[1].toLowerCase() : null;
  }

  function draw(view) {
    const words = asked(view.state);
    if (words === null) dismissed = "";
    const open = words !== null && view.hasFocus() && dismissed !== `/${words}`;
    shown = open
      ? options.filter(
          (option) =>
            option.textContent.toLowerCase().includes(words) && commandOf(option).run(without(view.state)),
        )
      : [];
    box.hidden = !shown.length;
    current = Math.min(current, Math.max(shown.length - 1, 0));
    for (const option of options) {
      option.hidden = !shown.includes(option);
      option.setAttribute("aria-selected", String(option === shown[current]));
    }
    if (shown.length) {
      place(view);
      view.dom.setAttribute("aria-controls", box.id);
      view.dom.setAttribute("aria-activedescendant", shown[current].id);
    } else {
      current = 0;
      view.dom.removeAttribute("aria-controls");
      view.dom.removeAttribute("aria-activedescendant");
    }
  }

  function commandOf(option) {
    const { command, template: name } = option.dataset;
    return command ? COMMANDS[command] : { run: (...args) => fill(template(name), ...args) };
  }

  function without(state) {
    const { $from } = state.selection;
    return state.apply(state.tr.delete($from.start(), $from.pos));
  }

  function place(view) {
    const line = view.coordsAtPos(view.state.selection.from);
    const frame = box.offsetParent.getBoundingClientRect();
    box.style.setProperty("--slash-top", `${Math.round(line.bottom - frame.top + 4)}px`);
    shown[current].scrollIntoView({ block: "nearest" });
  }

  function choose(view, option) {
    const { $from } = view.state.selection;
    view.dispatch(view.state.tr.delete($from.start(), $from.pos));
    commandOf(option).run(view.state, view.dispatch, view);
    view.focus();
  }

  return new Plugin({
    props: {
      handleKeyDown(view, event) {
        if (!shown.length) return false;
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) current = (current + step + shown.length) % shown.length;
        else if (event.key === "Enter" || event.key === "Tab") choose(view, shown[current]);
        else if (event.key === "Escape") {
          dismissed = `/${asked(view.state)}`;
          // The form would take it for leaving.
          event.stopPropagation();
        } else return false;
        draw(view);
        return true;
      },
    },
    view(view) {
      const press = (event) => {
        const option = event.target.closest("[role=option]");
        event.preventDefault();
        if (option) choose(view, option);
      };
      box.addEventListener("mousedown", press);
      const leave = () => {
        box.hidden = true;
        shown = [];
      };
      view.dom.addEventListener("blur", leave);
      return {
        update: draw,
        destroy() {
          box.removeEventListener("mousedown", press);
          leave();
        },
      };
    },
  });
}

/** An empty note becomes what a template says; its first gap is selected, to be written over. */
function fill(content, state, dispatch) {
  if (state.doc.textContent || state.doc.childCount > 1) return false;
  if (!dispatch) return true;
  const tr = state.tr.replaceWith(0, state.doc.content.size, content);
  let gap = null;
  tr.doc.descendants((node, pos) => {
    if (gap === null && node.isText && node.text.includes(GAP)) gap = pos + node.text.indexOf(GAP);
  });
  if (gap !== null) tr.setSelection(TextSelection.create(tr.doc, gap, gap + GAP.length));
  dispatch(tr.scrollIntoView());
  return true;
}
