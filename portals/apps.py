from django.apps import AppConfig


class PortalsConfig(AppConfig):
    name = "portals"
    verbose_name = "Portals"

    def ready(self) -> None:
        from prometheus_client import REGISTRY  # noqa: PLC0415

        from portals import checks, periodic, tasks  # noqa: F401, PLC0415 - registers checks and receivers
        from portals.events import registry  # noqa: PLC0415
        from portals.metrics import TokenCollector  # noqa: PLC0415

        REGISTRY.register(TokenCollector())
        registry.load()
