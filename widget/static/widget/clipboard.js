// A link to a note, to be pasted into the chat, a task or a letter: Bitrix24 opens it in a slider, for who may read
// the chat (docs/notes.md).

/** Copies an address; false when the browser refuses. Call it from a click. */
export async function copy(address) {
  // First the old way: frames of other sites mostly lack the permission that the new one needs.
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = address;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (copied) return true;
  return navigator.clipboard.writeText(address).then(
    () => true,
    () => false,
  );
}
