// The portal's dialog that lets a person choose colleagues.
import { post } from "./portal.js";

/** Resolves to the chosen user ({id, name, photo, position, url}), null, or with `several` to an array. */
export async function pickUsers({ several }) {
  const { users } = await post("users");
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", "Choose people");
  dialog.append(buildForm(users, several));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const chosen = [...dialog.querySelectorAll("input:checked")].map((input) =>
        users.find((user) => user.id === input.value),
      );
      const picked = dialog.returnValue === "ok" ? chosen : [];
      dialog.remove();
      resolve(several ? picked : (picked[0] ?? null));
    });
  });
}

function buildForm(users, several) {
  const form = document.createElement("form");
  form.method = "dialog";
  const title = document.createElement("h2");
  title.className = "dialog__title";
  title.textContent = several ? "Choose people" : "Choose a person";
  const list = document.createElement("div");
  list.className = "choices";
  list.append(...users.map((user) => choice(user, several)));
  const actions = document.createElement("div");
  actions.className = "dialog__actions";
  actions.append(button("Cancel", "outline", ""), button("Choose", "filled", "ok"));
  form.append(title, list, actions);
  return form;
}

function choice(user, several) {
  const label = document.createElement("label");
  label.className = "choice";
  const input = document.createElement("input");
  input.type = several ? "checkbox" : "radio";
  input.name = "user";
  input.value = user.id;
  const name = document.createElement("span");
  name.textContent = user.name;
  label.append(input, name);
  return label;
}

function button(text, tone, value) {
  const element = document.createElement("button");
  element.className = `button button--${tone}`;
  element.value = value;
  element.textContent = text;
  return element;
}
