// An application's frame: the iframe, the form posted into it, and the bridge to it.
import { Bridge } from "./bridge.js";
import { commandsFor } from "./commands.js";
import { post } from "./portal.js";
import { Slider } from "./slider.js";

/**
 * Puts a frame into `host` and posts the open form into it.
 * `open` is the answer of `/_ui/open`; `surface` is what the application may do to the place it is shown in:
 * {close(), reopen(), setTitle(text), closed: Promise}.
 */
function mount(host, open, surface) {
  const wait = document.createElement("div");
  wait.className = "frame-host__wait";
  wait.innerHTML = '<span class="spinner" role="progressbar" aria-label="Loading"></span>';
  const frame = document.createElement("iframe");
  frame.name = open.frame_name;
  frame.title = open.title;
  frame.allow = "geolocation *; microphone *; camera *; autoplay *";
  host.className = "frame-host";
  host.replaceChildren(frame, wait);
  const bridge = new Bridge({
    frame,
    origin: new URL(open.url).origin,
    sid: open.app_sid,
    commands: commandsFor({ open, surface, frame, host, openInSlider }),
  });
  frame.addEventListener("load", () => wait.remove());
  submit(open);
  return {
    close() {
      bridge.close();
      host.replaceChildren();
    },
  };
}

function submit(open) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = open.url;
  form.target = open.frame_name;
  form.hidden = true;
  for (const [name, value] of Object.entries(open.fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}

/**
 * Opens a page of an application in a slider. `request` goes to `/_ui/open`, `title` and `width` (CSS pixels)
 * describe the slider. Returns the slider.
 */
export function openInSlider(request, { title, width } = {}) {
  const slider = new Slider({ title: title || "Application", width });
  let mounted;
  const surface = {
    close: () => slider.close(),
    setTitle: (text) => slider.setTitle(text),
    closed: slider.closed,
    reopen: () => load({ client_id: request.client_id, placement: "DEFAULT" }),
  };
  async function load(what) {
    mounted?.close();
    try {
      const open = await post("open", what);
      if (open.gate) return slider.notice(open.title, open.text);
      if (!title) slider.setTitle(open.title);
      mounted = mount(slider.body, open, surface);
    } catch (error) {
      slider.notice("The page did not open", error.message);
    }
  }
  slider.closed.then(() => mounted?.close());
  load(request);
  return slider;
}

/** Opens a widget in `host`; `surface` as for `mount`. Resolves to {close()}; rejects with the text to show. */
export async function openInPlace(host, request, surface) {
  const open = await post("open", request);
  if (open.gate) throw new Error(open.text);
  return mount(host, open, surface);
}
