"""Methods of the basic scope that tell about the application and the server."""

from typing import Any

from emulator.clock import iso
from emulator.rest.registry import METHODS, Call, method


@method("app.info")
def app_info(call: Call) -> dict[str, Any]:
    """REST docs: app.info. A webhook learns scope and licence only."""
    licence = call.portal.licence
    if call.caller.application is None or call.caller.installation is None:
        return {"SCOPE": sorted(call.caller.scope), "LICENSE": licence}
    application, installation = call.in_application()
    licence_type = licence.partition("_")[2]
    return {
        "ID": installation.number,
        "CODE": application.code,
        "VERSION": installation.version,
        "STATUS": installation.status,
        "INSTALLED": installation.installed,
        "PAYMENT_EXPIRED": "N" if installation.paid else "Y",
        "DAYS": installation.days,
        "LANGUAGE_ID": call.portal.language,
        "LICENSE": licence,
        "LICENSE_TYPE": licence_type,
        "LICENSE_FAMILY": licence_type.rstrip("0123456789"),
    }


@method("scope")
def scope(call: Call) -> list[str]:
    """REST docs: scope; `full` lists every scope of the portal."""
    if call.params.flag("full"):
        return sorted({name for known in METHODS.values() for name in known.scopes})
    return sorted(call.caller.scope)


@method("methods")
def methods(call: Call) -> list[str]:
    """REST docs: methods; those the caller's scope allows."""
    return sorted(
        known.name for known in METHODS.values() if not known.scopes or known.scopes & call.caller.scope
    )


@method("server.time")
def server_time(call: Call) -> str:
    """REST docs: server.time."""
    return iso(call.world.clock.now())
