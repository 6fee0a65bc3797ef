// The window around us, through Bitrix24's SDK: loaded only when a page needs it.
const PATIENCE = 10_000;

let loading;

function load() {
  loading ??= import("../dist/b24.js").catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

// The SDK waits for the first answer of its parent for ever.
function within(promise, milliseconds) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("The parent window does not answer.")), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The SDK's frame object. Rejects when nobody around us answers. */
export async function parentFrame() {
  const { initializeB24Frame } = await load();
  return within(initializeB24Frame(), PATIENCE);
}

/** Fresh auth of the viewer and the place we were opened at. Rejects when Bitrix24 does not answer. */
export async function freshAuth() {
  const frame = await parentFrame();
  const auth = await frame.auth.refreshAuth();
  if (!auth) throw new Error("Bitrix24 gave no auth.");
  return {
    accessToken: auth.access_token,
    refreshToken: auth.refresh_token,
    expiresIn: auth.expires_in,
    memberId: auth.member_id,
    placement: frame.placement.placement,
    options: frame.placement.options ?? {},
  };
}

/** What Bitrix24 keeps for this user under a name, "" for nothing; with `value` it is kept from now on. */
export async function userOption(name, value) {
  const { options } = await parentFrame();
  if (value !== undefined) {
    await options.userSet(name, value);
    return value;
  }
  try {
    return String(options.userGet(name));
  } catch {
    // The SDK's way of saying that nothing is kept.
    return "";
  }
}

/** Shows a chat in Bitrix24's messenger. */
export async function openChat(dialogId) {
  const frame = await parentFrame();
  await frame.parent.imOpenMessenger(dialogId);
}

/** Makes the frame as high as its content: Bitrix24 shows its own page around it, which does the scrolling. */
export async function fitWindow() {
  const frame = await parentFrame();
  await frame.parent.fitWindow();
}
