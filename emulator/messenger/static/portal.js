// What every page of the portal needs: the portal's own endpoints, links, short notices.

const root = document.documentElement;

/** Who looks at the page and in which language applications speak; both travel as parameters, never as cookies. */
export const viewer = { id: root.dataset.viewer, lang: root.dataset.lang };

/** POST to one of the portal page's own endpoints. Rejects with the text to show when it is refused. */
export async function post(path, params = {}) {
  const answer = await fetch(`/_ui/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ as: viewer.id, lang: viewer.lang, ...params }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.text);
  return body;
}

/** Address of a page of this portal for the same person and language. */
export function link(path, params = {}) {
  return `${path}?${new URLSearchParams({ as: viewer.id, lang: viewer.lang, ...params })}`;
}

/** A short notice at the bottom of the page. */
export function toast(text) {
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = text;
  document.querySelector(".toasts").append(note);
  setTimeout(() => note.remove(), 4000);
}
