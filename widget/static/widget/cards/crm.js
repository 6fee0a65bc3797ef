// The linked CRM entity: opens in Bitrix24's slider, else as the link it is.
import { openPath } from "../portal.js";

export default function crm(link) {
  openPath(link.dataset.path).catch(() => window.open(link.href, "_blank", "noopener,noreferrer"));
}
