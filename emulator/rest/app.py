"""Methods of the basic scope that tell about the application and the server."""

from typing import Any

from emulator.clock import iso
from emulator.rest.registry import Call, method


@method("app.info")
def app_info(call: Call) -> dict[str, Any]:
    """REST docs: app.info."""
    licence = call.portal.licence
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


@method("server.time")
def server_time(call: Call) -> str:
    """REST docs: server.time."""
    return iso(call.world.clock.now())
