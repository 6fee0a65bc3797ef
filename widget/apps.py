from django.apps import AppConfig


class WidgetConfig(AppConfig):
    name = "widget"
    verbose_name = "Notebook"

    def ready(self) -> None:
        from portals.lifecycle import placements  # noqa: PLC0415
        from widget.notebook import data_export, erasing  # noqa: F401, PLC0415 - registers receivers and the security scheme

        placements.register("widget.placements")
