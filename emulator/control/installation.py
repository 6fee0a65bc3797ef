"""Control of an application's life on a portal."""

from emulator import lifecycle
from emulator.control.support import Control, Json, form_json
from emulator.opening import DEFAULT_PLACEMENT, installation_or_404, open_page, open_widget
from emulator.params import as_map, as_text


def install(control: Control) -> Json:
    """Install as `user_id`; the installer page's form, or an empty one for an application without.

    `renew_application_token` gives a reinstalled application a new one.
    """
    form = lifecycle.install(
        control.world,
        control.portal,
        control.user,
        control.client_id,
        renew_application_token=control.body.flag("renew_application_token"),
    )
    return form_json(form)


def install_finish(control: Control) -> Json:
    """installFinish() of the JS SDK as `user_id`."""
    lifecycle.finish(control.world, control.portal, control.user, control.client_id)
    return {"installed": True}


def uninstall(control: Control) -> Json:
    """Uninstall; `clean` deletes settings and data."""
    lifecycle.uninstall(control.world, control.portal, control.client_id, clean=control.body.flag("clean"))
    return {}


def update(control: Control) -> Json:
    """A new `version`; `installer`: whether it brings the wizard back, by default as the card says."""
    installation = lifecycle.update(
        control.world,
        control.portal,
        control.client_id,
        control.body.integer("version"),
        installer=control.body.flag("installer") if "installer" in control.body else None,
    )
    return {"version": installation.version}


def payment(control: Control) -> Json:
    """Change `status` (F D T P L S), `paid`, `days`."""
    installation = installation_or_404(control.portal, control.client_id)
    changed = lifecycle.payment(
        control.world,
        control.portal,
        control.client_id,
        status=control.body.text("status", installation.status),
        paid=control.body.flag("paid", default=True),
        days=control.body.integer("days") if control.body.text("days") else None,
    )
    return {"status": changed.status, "paid": changed.paid}


def access(control: Control) -> Json:
    """Restrict the application to `users` (list of ids); null lifts the restriction."""
    installation = installation_or_404(control.portal, control.client_id)
    users = as_map(control.body.get("users"))
    installation.access = None if users is None else [int(user) for user in users.values()]
    return {"access": installation.access}


def open_form(control: Control) -> Json:
    """The form of an open as `user_id` sees it, or the gate that is closed.

    `placement` DEFAULT (the page or the installer), IM_SIDEBAR with `dialog_id` or another with `options`;
    `generation`, `without_auth`, `handler` and `language` bend the widget's form.
    """
    body = control.body
    placement = body.text("placement", "IM_SIDEBAR")
    if placement == DEFAULT_PLACEMENT:
        page = open_page(
            control.world, control.portal, control.user, control.client_id, language=body.text("language")
        )
        return form_json(page)
    options = {"dialogId": body.text("dialog_id")} if body.text("dialog_id") else {}
    if placement == "REST_APP_URI" or (options and control.portal.generation == "new"):
        options["URI"] = "/online/"
    options |= {str(name): as_text(value) for name, value in (as_map(body.get("options")) or {}).items()}
    form = open_widget(
        control.world,
        control.portal,
        control.user,
        control.client_id,
        placement=placement,
        options=options,
        handler=body.text("handler"),
        generation=body.text("generation"),
        without_auth=body.flag("without_auth"),
        language=body.text("language"),
    )
    return form_json(form)
