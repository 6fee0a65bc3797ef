// The application page stands inside a page of Bitrix24 that scrolls: its frame is made as high as its content.
import { fitWindow } from "./parent.js";

const root = document.documentElement;

function fit() {
  if (root.scrollHeight > root.clientHeight) fitWindow().catch(() => {});
}

if (window.name) {
  fit();
  addEventListener("resize", fit);
}
// In the same bundle, but only run on the page that has the forms for it.
if (document.getElementById("settings")) import("./administration.js");
