// The way out of a refusal. A reload would post the old, refused token again, so the page asks Bitrix24 for fresh
// auth and posts the form that Bitrix24 itself would post.
import { freshAuth } from "./parent.js";
import { fill, seconds } from "./texts.js";

const box = document.getElementById("retry");
const button = box.querySelector("button");
const problem = box.querySelector("[role=alert]");
let trying = false;

function submit(auth) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = location.href;
  form.target = "_self";
  form.hidden = true;
  const fields = {
    AUTH_ID: auth.accessToken,
    AUTH_EXPIRES: auth.expiresIn,
    REFRESH_ID: auth.refreshToken,
    member_id: auth.memberId,
    PLACEMENT: auth.placement,
    PLACEMENT_OPTIONS: JSON.stringify(auth.options),
    tries: Number(box.dataset.tries) + 1,
  };
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

async function retry() {
  if (trying) return;
  trying = true;
  problem.hidden = true;
  button.setAttribute("aria-busy", "true");
  try {
    submit(await freshAuth());
  } catch {
    problem.hidden = false;
    button.removeAttribute("aria-busy");
    trying = false;
  }
}

function countDown(left) {
  const label = box.querySelector("[data-pattern]");
  const tick = () => {
    if (trying) return;
    label.textContent = fill(label.dataset.pattern, { seconds: seconds(left) });
    // A panel that nobody looks at does not knock.
    if (document.hidden) return;
    if (left === 0) {
      clearInterval(timer);
      label.textContent = "\u00a0";
      retry();
    }
    left -= 1;
  };
  const timer = setInterval(tick, 1000);
  tick();
}

button.addEventListener("click", retry);
// Not before the time that the answer names (longer after each try), and not all at the same moment.
if (box.dataset.after) {
  const after = Number(box.dataset.after);
  countDown(after + Math.floor(Math.random() * Math.max(3, after / 2)));
}
