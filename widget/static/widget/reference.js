// A reference to a note that can be pasted into the chat. A frame has no address of its own, so it is text: the
// number finds the note in the search, the address opens the chat.
import { text } from "./texts.js";

/** Copies the reference; false when the browser refuses. Call it from a click. */
export async function copyReference(element, chatUrl) {
  const line = element.querySelector(".note-text").textContent.trim().split("\n")[0].slice(0, 80);
  const words = `${text("reference", { line, number: element.dataset.note })}${chatUrl ? `\n${chatUrl}` : ""}`;
  // First the old way: frames of other sites mostly lack the permission that the new one needs.
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = words;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (copied) return true;
  return navigator.clipboard.writeText(words).then(
    () => true,
    () => false,
  );
}
