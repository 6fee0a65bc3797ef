// Entry of the sidebar page. The notes are already in it; this makes them live.
import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { Notes } from "./notes.js";
import { Session } from "./session.js";
import { keepTimes } from "./times.js";

const frame = JSON.parse(document.getElementById("frame-data").textContent);
const root = document.getElementById("notebook");

function showRights(canWrite) {
  root.toggleAttribute("data-read-only", !canWrite);
  document.getElementById("read-only").hidden = canWrite;
}

keepTimes();
const session = new Session(frame, showRights);
const api = new Api(frame.api, session);
const notes = new Notes(root, { api, frame });
const form = document.getElementById("composer");
if (form) new Composer(form, { api, frame, notes });
