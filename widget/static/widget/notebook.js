// Entry of the sidebar page. The notes are already in it; this makes them live.
import { Api } from "#frames/api.js";
import { openChat } from "#frames/parent.js";
import { announce, blank, text } from "#frames/texts.js";
import { closeCards, startCards } from "./cards.js";
import { Composer } from "./composer.js";
import { Notes } from "./notes.js";
import { Polling } from "./polling.js";
import { Presence } from "./presence.js";
import { addPreview, linkOnPaste } from "./preview.js";
import { Search } from "./search.js";
import { Session } from "./session.js";
import { showError } from "./text-field.js";
import { keepTimes } from "./times.js";
import { choice } from "./writing.js";

const frame = JSON.parse(document.getElementById("frame-data").textContent);
const root = document.getElementById("notebook");

function showRights(canWrite) {
  root.toggleAttribute("data-read-only", !canWrite);
  document.getElementById("read-only").hidden = canWrite;
  notes.enableBoxes(root);
}

/** The viewer may no longer see this chat: neither may the page. */
function close(problem) {
  // Session and live updates both hear of it.
  if (root.querySelector(".lost-reason")) return;
  const box = blank("blank-lost");
  box.querySelector(".lost-reason").textContent = problem.detail;
  // What one has written oneself and could not save can still be copied.
  const editors = [...root.querySelectorAll(".editor[data-changed]")];
  const words = [composer?.unsaved, ...editors.map((form) => form.field.text)].filter(Boolean);
  box.querySelector("textarea").value = words.join("\n\n");
  box.querySelector(".lost-words").hidden = !words.length;
  closeCards();
  root.replaceChildren(box);
  box.focus();
}

/** A button opens and closes what comes when it is first asked for. */
function opens(button, make) {
  let panel;
  button.addEventListener("click", async () => {
    try {
      panel ??= make(button, await import("./dist/later.js"));
      panel.toggle();
    } catch {
      showError(form, text("failed"));
    }
  });
}

let composer;
keepTimes();
choice.start(frame);
const session = new Session(frame, { onRights: showRights, onLost: close });
const api = new Api(frame.api, session);
const notes = new Notes(root, { api, frame, onSearch: () => finder.find() });
const finder = new Search(document.getElementById("finder"), {
  api,
  onFound: (page) => notes.replace(page, finder.active),
  onFail: (problem) => notes.showLoadError(problem),
});
const presence = new Presence(root, {
  onWriting: () => polling.ask(),
  onLeave: (page) => api.leave(page),
});
const polling = new Polling({
  api,
  revision: frame.revision,
  me: () => presence.me,
  onChanges: (news) => {
    if (news.results.length || news.deleted.length) notes.merge(news);
    presence.show(news.here);
  },
  onTrouble: (on) => notes.news.stop(on),
  onLost: close,
});
// A page that somebody came to by a link shows the note it names, as a search does.
notes.filtered = finder.active;
if (frame.linked) document.getElementById(`note-${frame.linked}`)?.focus();
document.getElementById("all-notes")?.addEventListener("click", ({ currentTarget }) => {
  currentTarget.hidden = true;
  finder.clear();
});
document.getElementById("open-chat")?.addEventListener("click", () => {
  openChat(frame.dialog_id).catch(() => announce("failed"));
});
const form = document.getElementById("composer");
if (form) {
  addPreview(form, api);
  linkOnPaste(form.querySelector("textarea"));
  composer = new Composer(form, { api, frame, notes });
  notes.resume((words, key) => composer.take(words, key));
  opens(form.querySelector("[data-action=templates]"), (button, { Templates }) => {
    return new Templates(button, { api, onChoose: (words) => composer.begin(words) });
  });
  opens(document.getElementById("open-bin"), (button, { Bin }) => {
    return new Bin(button, { api, onRestored: (note) => notes.comeBack(note) });
  });
}
// Into the note that somebody is writing, of several the last.
let writing;
root.addEventListener("focusin", ({ target }) => {
  writing = target.closest(".editor, .composer") ?? writing;
});

startCards(frame, composer && ((words) => ((writing?.isConnected && writing.editor) || composer).add(words)));
root.toggleAttribute("data-live", true);
