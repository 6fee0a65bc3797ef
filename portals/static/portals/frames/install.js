// Last step of the installation: Bitrix24 takes the application as installed only when its page says so.
import { fitWindow, parentFrame } from "./parent.js";

// Bitrix24 answers `installFinish` by reloading the page around us, never with a message.
const PATIENCE = 12_000;

const box = document.getElementById("finish");
const data = JSON.parse(document.getElementById("frame-data")?.textContent ?? "{}");

function show(state) {
  for (const element of box.children) element.hidden = element.dataset.state !== state;
}

async function finish() {
  show("working");
  try {
    const frame = await parentFrame();
    if (!frame.isInstallMode) return show("done");
    const late = setTimeout(() => show("failed"), PATIENCE);
    frame.installFinish().catch(() => {
      clearTimeout(late);
      show("failed");
    });
  } catch {
    show("failed");
  }
}

box.querySelector("button").addEventListener("click", finish);
if (data.finish) {
  finish();
  fitWindow().catch(() => {});
} else show("done");
