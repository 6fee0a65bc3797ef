// Cards under tabs. A live card's module is imported when the card is first shown, and Bitrix24's SDK with it.
const frame = JSON.parse(document.getElementById("frame-data").textContent);
const tabs = [...document.querySelectorAll("[role=tab]")];

const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

async function wake(panel) {
  const address = panel.dataset.module;
  if (!address || panel.hasAttribute("data-awake")) return;
  panel.toggleAttribute("data-awake", true);
  try {
    const module = await import(address);
    module.default(panel, frame);
  } catch {
    // The next look at the card tries again.
    panel.removeAttribute("data-awake");
    const failed = panel.querySelector("[data-state=failed]");
    if (failed) failed.hidden = false;
  }
}

function choose(chosen, { focus = false } = {}) {
  for (const tab of tabs) {
    const on = tab === chosen;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    panelOf(tab).hidden = !on;
  }
  if (focus) chosen.focus();
  wake(panelOf(chosen));
}

function step(event) {
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
  const at = tabs.indexOf(event.currentTarget);
  const to = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(tabs[(to + tabs.length) % tabs.length], { focus: true });
}

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", step);
}

// A pinned card works as the link it is; with scripts it opens in Bitrix24's own slider.
for (const link of document.querySelectorAll("a[data-path][data-module]")) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const module = await import(link.dataset.module);
    module.default(link);
  });
}
