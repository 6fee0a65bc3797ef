"""What an operator is told about an act that did not do what was asked: what it means and what to do."""

from collections.abc import Mapping
from typing import Final

from portals.bitrix24.errors import Disposition

_TOKEN_DEAD = "No token works any more. An administrator of the portal heals it by opening the application."  # noqa: S105
_NOT_INSTALLED = (
    "Bitrix24 says that the application is not installed there any more. "
    "If it says nothing else for a week, the portal counts as uninstalled."
)
_UNPAID = "The subscription has ended; an administrator of the portal can renew it in Bitrix24."

BINDING_FAILED: Final = "The portal did not take our handlers; its error code is the reason. Try again later."

UNFINISHED: Final = (
    "The installation is alive, but Bitrix24 shows nothing of the application until an administrator of the portal "
    "opens it and its installer has run, as after every new version."
)

OF_REASON: Final[Mapping[str, str]] = {
    "address_lost": "Its address belongs to another portal now. An administrator's open brings the new one.",
    "deleted": "The application was uninstalled from this portal.",
    "installed_again": "It was installed again at this very moment, so nothing of its people was erased.",
    "moved_on": "It was installed, healed or removed at this very moment, so nothing was changed. Look again.",
    "not_active": "Only an active portal has handlers to bring right. Verify it first.",
    "not_blocked_by_operator": "No operator blocked this portal. Verify it: other blocks end with their cause.",
    "not_installed": _NOT_INSTALLED,
    "portal_too_old": "This Bitrix24 does not know the sidebar of chats: it has to be updated.",
    "portal_unknown": "This portal is not stored any more.",
    "token_dead": _TOKEN_DEAD,
    "token_refused": "The portal refuses our tokens, though the authorization server renews them. An administrator "
    "of the portal heals it by opening the application.",
    "unblocked": "The application was uninstalled meanwhile; it can be installed again.",
    "unpaid": _UNPAID,
}

OF_DISPOSITION: Final[Mapping[Disposition, str]] = {
    Disposition.RETRY_LATER: "No usable answer, so nothing was changed. Try again later.",
    Disposition.REFRESH_TOKEN: "The portal refuses a token that was just refreshed. Try again later.",
    Disposition.TOKEN_DEAD: _TOKEN_DEAD,
    Disposition.NOT_INSTALLED: _NOT_INSTALLED,
    Disposition.UNPAID: _UNPAID,
    Disposition.PORTAL_GONE: "No Bitrix24 is at the address we know, and the authorization server knows no other.",
    Disposition.PORTAL_MOVED: "The portal sends us to an address that the authorization server does not confirm.",
    Disposition.DENIED: "Bitrix24 refuses: the portal's plan or the rights of the token's owner do not allow it.",
    Disposition.AWAIT_CONFIRMATION: "An administrator of the portal has to confirm the call in Bitrix24 first.",
    Disposition.MISCONFIGURED: "Bitrix24 refuses our credentials or address. Look at our own settings.",
    Disposition.BUG: "Bitrix24 does not accept what we sent. Nothing was changed; report the code.",
}
