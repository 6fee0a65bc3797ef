// What administrators do on the application page: settings of the sidebar item, export, erasing.
import { send } from "./api.js";
import { freshAuth } from "./parent.js";
import { fill } from "./texts.js";

const frame = JSON.parse(document.getElementById("frame-data").textContent);
let session = frame.session;

async function token() {
  return (await freshAuth()).accessToken;
}

function say(box, problem) {
  box.textContent = problem.code === "offline" ? box.dataset.offline : problem.detail || problem.message;
  box.dataset.tone = "bad";
}

function cheer(box, text) {
  box.textContent = text;
  box.dataset.tone = "good";
}

// One action at a time; a second click while it runs does nothing.
async function during(button, box, action) {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  box.textContent = "";
  try {
    await action();
  } catch (problem) {
    say(box, problem);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const form = document.getElementById("settings");
const contexts = [...form.elements.context];
const everywhere = contexts.find((box) => box.value === "ALL");
const preview = document.getElementById("preview-title");
const icon = document.getElementById("preview-icon");

// "All chats" stands for every kind, so the kinds are told apart only without it.
function follow() {
  for (const box of contexts) if (box !== everywhere) box.disabled = everywhere.checked;
  preview.textContent = form.elements.title.value.trim() || preview.dataset.default;
  const color = form.elements.color.value.toLowerCase();
  icon.className = color ? `preview-icon swatch-${color}` : "preview-icon";
}

function settings() {
  return {
    title: form.elements.title.value,
    context: contexts.filter((box) => box.checked && !box.disabled).map((box) => box.value),
    role: form.elements.role.value,
    extranet: form.elements.extranet.checked,
    color: form.elements.color.value,
  };
}

form.addEventListener("input", follow);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const box = document.getElementById("settings-status");
  const chosen = settings();
  if (!chosen.context.length) {
    say(box, { detail: box.dataset.empty });
    contexts[0].focus();
    return;
  }
  during(event.submitter ?? form.querySelector("[type=submit]"), box, async () => {
    const body = { ...chosen, access_token: await token() };
    const answer = await send("POST", frame.settings, { body, session });
    cheer(box, answer.bound ? box.dataset.saved : box.dataset.pending);
  });
});

const data = document.getElementById("data-status");
const erase = document.getElementById("erase");
const confirmation = document.getElementById("erase-confirm");

// The server gives a part at a time, so that no answer takes long; when it is busy it says how long to wait.
async function part(after, attempts = 5) {
  try {
    return await send("POST", frame.export, { body: { access_token: await token(), after }, session });
  } catch (problem) {
    if (!problem.retryAfter || !attempts) throw problem;
    await new Promise((resolve) => setTimeout(resolve, problem.retryAfter * 1000));
    return part(after, attempts - 1);
  }
}

// Pieces of the file, chat by chat: as one text it would be in memory twice.
async function pieces() {
  let { chats, next, ...head } = await part(0);
  const found = [JSON.stringify(head, null, 1).replace(/\n\}$/, ',\n "chats": [')];
  let comma = "\n";
  for (;;) {
    for (const chat of chats) {
      found.push(comma, JSON.stringify(chat));
      comma = ",\n";
    }
    if (next === null) break;
    data.textContent = fill(data.dataset.progress, { count: (found.length - 1) / 2 });
    ({ chats, next } = await part(next));
  }
  data.textContent = "";
  return [...found, "\n]}\n"];
}

function save(content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(content, { type: "application/json" }));
  link.download = "chat-notebook.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function ask(open) {
  confirmation.hidden = !open;
  erase.setAttribute("aria-expanded", String(open));
  document.getElementById(open ? "erase-no" : "erase").focus();
}

document.getElementById("export").addEventListener("click", (event) => {
  during(event.currentTarget, data, async () => {
    save(await pieces());
    cheer(data, data.dataset.exported);
  });
});
erase.addEventListener("click", () => ask(confirmation.hidden));
document.getElementById("erase-no").addEventListener("click", () => ask(false));
document.getElementById("erase-yes").addEventListener("click", (event) => {
  during(event.currentTarget, data, async () => {
    ({ session } = await send("POST", frame.erase, {
      body: { confirm: true, access_token: await token() },
      session,
    }));
    ask(false);
    cheer(data, data.dataset.erased);
  });
});

follow();
