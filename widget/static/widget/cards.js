// Cards under tabs. A live card's module is imported when the card is first shown, and Bitrix24's SDK with it.

import { openChat } from "#frames/parent.js";
import { fill } from "#frames/texts.js";
import { LiveList, show } from "./livelist.js";
import { ask, openPath } from "./portal.js";
import { wording as ago } from "./times.js";

const root = document.getElementById("cards");
const tabs = [...root.querySelectorAll("[role=tab]")];
const complaint = document.getElementById("card-problem");
const lists = new Map();
let write = null;
// As in widget/invisible.py: control characters, and overrides of direction that make a text read as another one.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be shown
const HIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]/g;

/** A text of the portal's as it may be shown. */
const plain = (value) => String(value ?? "").replace(HIDDEN, "");

/** Tells what did not work ("open", "chat", "download"); `address` is where the same can be had in a new window. */
function showProblem(what, address = "") {
  for (const part of complaint.querySelectorAll("[data-say]")) part.hidden = part.dataset.say !== what;
  const link = complaint.querySelector("a");
  link.hidden = !address;
  link.href = address;
  complaint.hidden = false;
}

/** What a card's module is given to work with; docs/adding-a-card.md says what for. */
function kitFor(panel, frame) {
  const words = panel.querySelector("template[data-words]")?.content;
  const isPrivate = /^\d+$/.test(frame.dialog_id);
  return {
    frame,
    // `sg…` and `crm…` are names of a chat that not every method knows; its number is one that all do.
    dialog: isPrivate ? frame.dialog_id : `chat${frame.chat_id}`,
    ask,
    openChat,
    showProblem,
    plain,
    ago,
    list: (how) => new LiveList(panel, how),
    insert:
      write &&
      ((words) => {
        choose(tabs[0], frame);
        write(words);
      }),
    word: (key, values = {}) => fill(words.querySelector(`[data-word=${key}]`).textContent, values),
  };
}

async function wake(panel, frame) {
  const address = panel.dataset.module;
  if (!address) return;
  if (lists.has(panel)) {
    lists.get(panel)?.refresh();
    return;
  }
  lists.set(panel, null);
  show(panel, null);
  try {
    const module = await import(address);
    lists.set(panel, module.default(panel, kitFor(panel, frame)));
  } catch {
    lists.delete(panel);
    show(panel, "failed");
  }
}

const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

function choose(chosen, frame) {
  for (const tab of tabs) {
    const on = tab === chosen;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    panelOf(tab).hidden = !on;
  }
  complaint.hidden = true;
  wake(panelOf(chosen), frame);
}

/** The tab that a key leads to, undefined for other keys. */
function tabAfter(key, tab) {
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
  const at = tabs.indexOf(tab);
  const to = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: -1 }[key];
  return to === undefined ? undefined : tabs.at(to % tabs.length);
}

/** Links into the portal open in Bitrix24's own slider; with a modifier key they stay the links they are. */
function follow(event) {
  const link = event.target.closest("a[data-path]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  complaint.hidden = true;
  openPath(link.dataset.path).catch(() => showProblem("open", link.href));
}

/** `onInsert(words)` takes Markdown into the note being written; null where nobody may write. */
export function startCards(frame, onInsert) {
  write = onInsert;
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tab, frame));
    tab.addEventListener("keydown", (event) => {
      const next = tabAfter(event.key, tab);
      if (!next) return;
      event.preventDefault();
      choose(next, frame);
      next.focus();
    });
  }
  root.addEventListener("click", follow);
  for (const retry of root.querySelectorAll("[data-action=retry]")) {
    retry.addEventListener("click", () => again(retry.closest("[role=tabpanel]"), frame));
  }
  complaint.querySelector("button").addEventListener("click", () => {
    complaint.hidden = true;
  });
  document.addEventListener("visibilitychange", () => {
    const shown = tabs.find((tab) => tab.ariaSelected === "true");
    if (!document.hidden && shown) wake(panelOf(shown), frame);
  });
}

/** The button goes with the message it stands in, so the focus goes to the card. */
function again(panel, frame) {
  show(panel, null);
  panel.focus();
  wake(panel, frame);
}

/** The viewer may no longer see this chat: only the notes' place is left, which says so. */
export function closeCards() {
  const notes = document.getElementById("card-notes");
  notes.hidden = false;
  root.replaceChildren(document.getElementById("status"), notes);
}
