"""What the page needs to show an application's frame: the open form and what the frame may ask for.

`getInitData` and the commands denied by placement follow the portal's own page and the official JS SDK.
"""

from collections.abc import Mapping
from typing import Any, Final

from emulator.messenger.desk import Desk, Refused
from emulator.messenger.market import GATE_TEXTS
from emulator.opening import (
    DEFAULT_PLACEMENT,
    GateClosed,
    OpenForm,
    binding_title,
    build_open,
    installation_or_404,
    open_page,
    open_widget,
)

AUTH_FIELDS: Final = ("AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID")


def open_frame(desk: Desk, params: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of `/_ui/open`: a frame, or `gate` with the notice Bitrix24 shows instead of it.

    `params`: client_id, placement (`DEFAULT` or `IM_SIDEBAR`); for a widget dialog, uri and handler; for
    `openApplication` options and popup.
    """
    client_id = str(params.get("client_id", ""))
    if client_id not in desk.world.applications:
        raise Refused(404, "There is no such application.")
    try:
        form = _form(desk, client_id, params)
    except GateClosed as closed:
        title, text = GATE_TEXTS[closed.gate]
        return {"gate": closed.gate, "title": title, "text": text}
    popup = params.get("popup") is True
    return {
        "url": form.url,
        "fields": form.fields,
        "frame_name": form.frame_name,
        "app_sid": form.app_sid,
        "client_id": client_id,
        "title": _title(desk, form, str(params.get("handler", ""))),
        "denied": _denied(desk, form, popup=popup),
        "init": _init_data(desk, form),
    }


def user_options(desk: Desk, client_id: str) -> dict[str, str]:
    """What the application has stored for this viewer."""
    prefix = f"{desk.viewer.id}:"
    stored = desk.portal.user_options.get(client_id, {})
    return {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}


def _form(desk: Desk, client_id: str, params: Mapping[str, Any]) -> OpenForm:
    portal = desk.portal
    placement = str(params.get("placement") or DEFAULT_PLACEMENT)
    if placement != DEFAULT_PLACEMENT:
        return open_widget(
            desk.world,
            portal,
            desk.viewer,
            client_id,
            placement=placement,
            options=_widget_options(desk, params),
            handler=str(params.get("handler", "")),
            language=desk.language,
        )
    form = open_page(desk.world, portal, desk.viewer, client_id, language=desk.language)
    options = params.get("options")
    if not isinstance(options, dict) or not options or form.installer:
        return form
    texts = {str(name): str(value) for name, value in options.items()}
    return build_open(desk.world, portal, desk.viewer, client_id, options=texts, language=desk.language)


def _widget_options(desk: Desk, params: Mapping[str, Any]) -> dict[str, str]:
    if params.get("placement") == "REST_APP_URI":
        given = {str(name): str(value) for name, value in (params.get("options") or {}).items()}
        return {"URI": str(params.get("uri") or "/online/")} | given
    options = {"dialogId": str(params.get("dialog", ""))}
    if desk.portal.generation == "new" and params.get("uri"):
        options["URI"] = str(params["uri"])
    return options


def _title(desk: Desk, form: OpenForm, handler: str) -> str:
    if form.placement != DEFAULT_PLACEMENT:
        for binding in installation_or_404(desk.portal, form.client_id).placements:
            if binding.placement == form.placement and handler in ("", binding.handler):
                return binding_title(binding, desk.portal, desk.language)
    return desk.world.applications[form.client_id].title


def _denied(desk: Desk, form: OpenForm, *, popup: bool) -> list[str]:
    denied = ["resizeWindow"] if popup else []
    if form.placement != DEFAULT_PLACEMENT:
        denied.append("setTitle")
        if desk.portal.generation == "old":
            denied += ["setScroll", "reloadWindow"]
    return denied


def _init_data(desk: Desk, form: OpenForm) -> dict[str, Any]:
    portal = desk.portal
    return {
        "LANG": desk.language,
        "DOMAIN": portal.domain,
        "PROTOCOL": 0,
        "PATH": "/rest",
        **{name: form.fields.get(name, "") for name in AUTH_FIELDS},
        "MEMBER_ID": portal.member_id,
        "FIRST_RUN": installation_or_404(portal, form.client_id).first_run,
        "IS_ADMIN": desk.viewer.admin,
        "INSTALL": form.installer,
        "USER_OPTIONS": user_options(desk, form.client_id),
        "APP_OPTIONS": portal.app_options.get(form.client_id, {}),
        "PLACEMENT": form.placement,
        "PLACEMENT_OPTIONS": form.placement_options,
    }
