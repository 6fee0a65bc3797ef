// The Market of the portal: install, open, update, uninstall.
import { openInSlider } from "./frame.js";
import { post, toast } from "./portal.js";

const dialog = document.querySelector("[data-uninstall]");

async function showPage(product) {
  const request = { client_id: product.dataset.product, placement: "DEFAULT" };
  await openInSlider(request, { title: product.dataset.title }).closed;
  location.reload();
}

async function install(product) {
  const { page } = await post("market/install", { client_id: product.dataset.product });
  if (page) await showPage(product);
  else location.reload();
}

async function update(product, button) {
  const { page } = await post("market/update", {
    client_id: product.dataset.product,
    version: Number(button.dataset.version),
  });
  if (page) await showPage(product);
  else location.reload();
}

async function uninstall(product) {
  dialog.querySelector("[data-uninstall-name]").textContent = product.dataset.title;
  dialog.querySelector("form").reset();
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "uninstall") return;
  const { clean } = dialog.querySelector("form").elements;
  await post("market/uninstall", { client_id: product.dataset.product, clean: clean.checked });
  location.reload();
}

const actions = { install, open: showPage, update, uninstall };

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  button.disabled = true;
  try {
    await actions[button.dataset.action](button.closest("[data-product]"), button);
  } catch (error) {
    toast(error.message);
  } finally {
    button.disabled = false;
  }
});
