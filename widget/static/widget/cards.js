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
    panel.removeAttribute("data-awake");
    offerAgain(panel);
  }
}

/** The script itself did not come: nothing of it is there to offer another try. */
function offerAgain(panel) {
  const list = panel.querySelector(".card-list");
  const failed = panel.querySelector("[data-state=failed]");
  list.hidden = true;
  failed.hidden = false;
  const again = () => {
    list.hidden = false;
    failed.hidden = true;
    wake(panel);
  };
  failed.querySelector("[data-action=retry]").addEventListener("click", again, { once: true });
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

/** Makes tabs and pinned cards of the page work. */
export function startCards() {
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", step);
  }
  // A pinned card works as the link it is; with scripts it opens in Bitrix24's own slider.
  for (const link of document.querySelectorAll("a[data-path][data-module]")) {
    link.addEventListener("click", async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      try {
        const module = await import(link.dataset.module);
        module.default(link);
      } catch {
        window.open(link.href, "_blank", "noopener,noreferrer");
      }
    });
  }
}
