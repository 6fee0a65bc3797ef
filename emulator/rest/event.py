"""event.* and events (REST docs: "Events")."""

from typing import Any

from emulator import events
from emulator.errors import ApiError
from emulator.installations import EventBinding
from emulator.rest.handler_url import check_handler_url
from emulator.rest.registry import Call, method

TOKEN_NAMES = {"AUTH", "ACCESS_TOKEN"}


@method("events")
def event_list(call: Call) -> list[str]:
    """Codes of the events an application may bind."""
    call.in_application()
    return list(events.APPLICATION_EVENTS)


@method("event.bind")
def bind(call: Call) -> bool:
    """Bind a handler; anyone may, but only administrators for others or offline."""
    _, installation = call.in_application()
    event = call.params.required("event").upper()
    offline = call.params.text("event_type", "online").lower() == "offline"
    auth_type = call.params.integer("auth_type")
    if offline and not call.user.admin:
        raise ApiError(
            403,
            "ACCESS_DENIED",
            "Access denied! Offline events binding requires administrator access rights",
        )
    if auth_type and auth_type != call.user.id and not call.user.admin:
        raise ApiError(
            403,
            "ACCESS_DENIED",
            "Access denied! Event binding with AUTH_TYPE requires administrator access rights",
        )
    handler = "" if offline else call.params.required("handler")
    if event not in events.APPLICATION_EVENTS or event == call.portal.lacks_event:
        raise ApiError(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
    if not offline:
        check_handler_url(handler, need_dot=call.portal.require_dot_in_handler_host)
    own = 0 if call.user.admin else call.user.id
    binding = EventBinding(
        call.portal.next_id(), event, handler, call.user.id, auth_type or own, offline=offline
    )
    if any(_identity(binding) == _identity(other) for other in installation.events):
        raise ApiError(400, "ERROR_CORE", "Unable to set event handler: Handler already binded")
    installation.events.append(binding)
    return True


@method("event.unbind")
def unbind(call: Call) -> dict[str, int]:
    """Remove handlers; the count is the real one."""
    _, installation = call.in_application()
    event = call.params.required("event").upper()
    offline = call.params.text("event_type", "online").lower() == "offline"
    handler = "" if offline else call.params.required("handler")
    kept = []
    for item in installation.events:
        same = (item.event, item.handler, item.offline) == (event, handler, offline)
        if "auth_type" in call.params:
            same = same and item.auth_type == call.params.integer("auth_type")
        if not call.user.admin:
            same = same and item.user_id == call.user.id
        if not same:
            kept.append(item)
    count = len(installation.events) - len(kept)
    installation.events = kept
    return {"count": count}


@method("event.get")
def get(call: Call) -> list[dict[str, Any]]:
    """Bound handlers; other than administrators see their own."""
    _, installation = call.in_application()
    seen = [item for item in installation.events if call.user.admin or item.user_id == call.user.id]
    return [
        {"event": item.event, "connector_id": "", "offline": 1}
        if item.offline
        else {"event": item.event, "handler": item.handler, "auth_type": str(item.auth_type), "offline": 0}
        for item in seen
    ]


@method("event.test")
def test(call: Call) -> int:
    """Fire ONAPPTEST with the parameters sent."""
    _, installation = call.in_application()
    query = {name: call.params.text(name) for name in call.params if name not in TOKEN_NAMES}
    data = {"QUERY": query}
    events.emit(call.world, call.portal, installation, "ONAPPTEST", data, user_id=call.user.id)
    return 1


def _identity(item: EventBinding) -> tuple[str, str, int, bool]:
    return item.event, item.handler, item.auth_type, item.offline
