from django.apps import AppConfig


class PortalsConfig(AppConfig):
    name = "portals"
    verbose_name = "Portals"

    def ready(self) -> None:
        from portals import checks, periodic, tasks  # noqa: F401, PLC0415 - registers checks and receivers
        from portals.incoming.events import registry  # noqa: PLC0415
        from portals.infrastructure import database  # noqa: F401, PLC0415 - watches every connection
        from portals.lifecycle import bindings  # noqa: PLC0415

        registry.load()
        bindings.bind_events(registry.bound_codes)
