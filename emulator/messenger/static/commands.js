// What an application's frame may ask of the portal's page. A command that is not here, or is denied in
// the frame's placement, gets no answer. Names and replies: the official JS SDK.
import { pickUsers } from "./picker.js";
import { link, post, toast } from "./portal.js";
import { Slider } from "./slider.js";

const PATHS =
  /^\/(crm\/(deal|lead|contact|company|type)|marketplace|company\/personal\/user\/\d+|workgroups\/group\/\d+)\//;

/** The commands of one frame: a map from method to `(params, reply, callback) => void`. */
export function commandsFor(context) {
  const commands = {
    ...dataCommands(context),
    ...installCommands(context),
    ...windowCommands(context),
    ...portalCommands(context),
  };
  for (const name of context.open.denied) delete commands[name];
  return commands;
}

function dataCommands({ open }) {
  const ask = (path, params) => post(path, { client_id: open.client_id, ...params });
  const bound = new Map();
  return {
    getInitData: (_params, reply) => reply(open.init),
    refreshAuth: async (_params, reply) => {
      const auth = await ask("auth");
      Object.assign(open.init, auth);
      reply(auth);
    },
    setUserOption: async (params, reply) => {
      await ask("option", { owner: "user", name: params.name, value: params.value });
      reply(params);
    },
    setAppOption: async (params, reply) => {
      if (!open.init.IS_ADMIN) return;
      const answer = await ask("option", { owner: "app", name: params.name, value: params.value });
      reply(answer.options);
    },
    getInterface: (_params, reply) => reply({ command: [], event: [] }),
    // The sidebar raises no events: the callback is remembered and stays silent.
    placementBindEvent: (params, _reply, callback) => bound.set(params.event, callback),
  };
}

function installCommands({ open, surface }) {
  return {
    setInstall: async (params, reply) => {
      await post("first-run", { client_id: open.client_id });
      open.init.FIRST_RUN = false;
      reply(params);
    },
    setInstallFinish: async (params) => {
      if (!open.init.IS_ADMIN) return;
      await post("install-finish", { client_id: open.client_id, value: params.value !== false });
      surface.reopen();
    },
  };
}

function windowCommands({ surface, frame, host, open, openInSlider }) {
  return {
    resizeWindow: (params, reply) => {
      const width = typeof params.width === "number" ? `${params.width}px` : params.width;
      const height = typeof params.height === "number" ? `${params.height}px` : params.height;
      frame.style.width = width;
      frame.style.height = height;
      reply({ width: params.width, height: params.height });
    },
    setTitle: (params, reply) => {
      surface.setTitle(String(params.title));
      reply(params);
    },
    setScroll: (params, reply) => {
      host.scrollTo({ top: Number(params.scroll) || 0 });
      reply(params);
    },
    reloadWindow: () => location.reload(),
    openApplication: async (params, reply) => {
      const { bx24_title, bx24_label, bx24_width, bx24_leftBoundary, ...options } = params;
      const width = Number(bx24_width) || window.innerWidth - Number(bx24_leftBoundary);
      const request = { client_id: open.client_id, placement: "DEFAULT", options, popup: true };
      await openInSlider(request, { title: bx24_title || bx24_label?.text, width }).closed;
      reply();
    },
    closeApplication: (_params, reply) => {
      reply();
      surface.close();
    },
  };
}

function portalCommands() {
  return {
    openPath: async (params, reply) => {
      const path = String(params.path);
      if (!PATHS.test(path)) return reply({ result: "error", errorCode: "PATH_NOT_AVAILABLE" });
      const slider = new Slider({ title: "Portal page" });
      slider.notice("This page is not emulated", new URL(path, location.origin).pathname);
      await slider.closed;
      reply({ result: "close" });
    },
    imOpenMessenger: (params) => openChat(params.dialogId),
    imOpenHistory: (params) => openChat(params.dialogId),
    imCallTo: (params) => toast(`${params.video ? "Video call" : "Call"} to user ${params.userId}`),
    imPhoneTo: (params) => toast(`Call to ${params.phone}`),
    selectUser: async (params, reply) => reply(await pickUsers({ several: params.mult === true })),
  };
}

function openChat(dialogId) {
  location.assign(link("/online/", dialogId ? { dialog: dialogId } : {}));
}
