// The messenger page: search, sending, new messages, the sidebar and the application over it.
import { openInPlace } from "./frame.js";
import { post, toast } from "./portal.js";

const POLL_MS = 2500;
const $ = (selector) => document.querySelector(selector);
const talk = $("[data-dialog]");
const sidebar = $("[data-sidebar]");
const view = $("[data-app-view]");
let version = 0;
let opened = null;

function setLanguage(event) {
  const url = new URL(location.href);
  url.searchParams.set("lang", event.target.value);
  location.assign(url);
}

function search() {
  const needle = $("[data-search]").value.trim().toLowerCase();
  for (const row of document.querySelectorAll("[data-chat]")) {
    row.hidden = !row.dataset.chat.includes(needle);
  }
}

async function send(form) {
  const field = form.elements.text;
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  try {
    await post("message", { dialog: talk.dataset.dialog, text });
    await refresh();
  } catch (error) {
    field.value = text;
    toast(error.message);
  }
}

/** Fetches the talk, the chat list and the applications again when anything has happened on the portal. */
async function refresh() {
  const fresh = await post("talk", { dialog: talk.dataset.dialog, version });
  if (fresh.version === version) return;
  version = fresh.version;
  const scroll = $("[data-scroll]");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  $("[data-messages]").innerHTML = fresh.messages;
  $("[data-chats]").innerHTML = fresh.chats;
  if (!opened) $("[data-applications]").innerHTML = fresh.applications;
  search();
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

async function poll() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    // The emulator is restarting: the next round finds it again.
  }
  setTimeout(poll, POLL_MS);
}

function toggleSidebar() {
  const hide = !sidebar.hidden;
  sidebar.hidden = hide;
  $(".talk [data-sidebar-toggle]").setAttribute("aria-expanded", String(!hide));
  if (hide) $(".talk [data-sidebar-toggle]").focus();
}

async function openApp(entry) {
  const request = {
    client_id: entry.dataset.app,
    handler: entry.dataset.handler,
    placement: "IM_SIDEBAR",
    dialog: talk.dataset.dialog,
    uri: location.pathname + location.search,
  };
  view.hidden = false;
  view.setAttribute("aria-label", entry.dataset.title);
  $("[data-app-title]").textContent = entry.dataset.title;
  $("[data-app-back]").focus();
  const surface = { close: closeApp, reopen: () => openApp(entry), setTitle() {} };
  try {
    opened?.close();
    opened = await openInPlace($("[data-app-frame]"), request, surface);
  } catch (error) {
    closeApp();
    toast(error.message);
  }
}

function closeApp() {
  opened?.close();
  opened = null;
  view.hidden = true;
  $("[data-app]")?.focus();
}

function startTalk() {
  const scroll = $("[data-scroll]");
  scroll.scrollTop = scroll.scrollHeight;
  $("[data-composer]")?.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target);
  });
  $("[data-composer]")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send(event.currentTarget);
  });
  $("[data-call]").addEventListener("click", (event) => {
    toast(`Calls are not emulated: ${event.currentTarget.dataset.call} will not ring`);
  });
  sidebar.addEventListener("click", (event) => {
    const entry = event.target.closest("[data-app]");
    if (entry) openApp(entry);
    if (event.target.closest("[data-app-back]")) closeApp();
  });
  sidebar.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opened) closeApp();
  });
  for (const button of document.querySelectorAll("[data-sidebar-toggle]")) {
    button.addEventListener("click", toggleSidebar);
  }
  setTimeout(poll, POLL_MS);
}

$("[data-language]").addEventListener("change", setLanguage);
$("[data-search]").addEventListener("input", search);
if (talk) startTalk();
