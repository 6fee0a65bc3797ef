// Somebody followed a link to an application: its page in a slider, with what the link carries.
import { openInSlider } from "./frame.js";
import { link } from "./portal.js";

const { linked, title, options } = document.querySelector("[data-linked]").dataset;
const request = { client_id: linked, placement: "REST_APP_URI", options: JSON.parse(options) };

await openInSlider(request, { title }).closed;
location.assign(link("/online/"));
