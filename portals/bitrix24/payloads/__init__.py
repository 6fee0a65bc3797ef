"""What Bitrix24 sends, read into frozen values.

Requests (opens, events) come through browsers and may be forged: anything unreadable raises PayloadError, and
what is read is a claim until proved. Answers raise BadAnswer when their essential part is missing.
"""

from portals.bitrix24.payloads.app import AppInfo, PortalAppInfo, TokenPair
from portals.bitrix24.payloads.dialogs import DialogId, DialogKind
from portals.bitrix24.payloads.events import EventAuth, EventRequest
from portals.bitrix24.payloads.fields import PayloadError
from portals.bitrix24.payloads.opens import OpenRequest
from portals.bitrix24.payloads.portal import Dialog, ImUser, Profile

__all__ = [
    "AppInfo",
    "Dialog",
    "DialogId",
    "DialogKind",
    "EventAuth",
    "EventRequest",
    "ImUser",
    "OpenRequest",
    "PayloadError",
    "PortalAppInfo",
    "Profile",
    "TokenPair",
]
