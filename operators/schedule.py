"""The schedule in the admin: django-celery-beat's pages in our clothes; its actions need the right to change it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin  # type: ignore[import-untyped]
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget  # type: ignore[import-untyped]


class TaskSelectWidget(UnfoldAdminSelectWidget, beat.TaskSelectWidget):  # type: ignore[misc]
    """The tasks that there are."""


class PeriodicTaskForm(beat.PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, widget in (("task", UnfoldAdminTextInputWidget()), ("regtask", TaskSelectWidget())):
            if name in self.fields:
                self.fields[name].widget = widget


class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc]
    """When what runs; operators tune it (ADR 0013)."""

    form = PeriodicTaskForm

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None for who only looks: django-celery-beat asks for no permission."""
        actions: dict[str, Any] = super().get_actions(request)
        return actions if self.has_change_permission(request) else {}


class IntervalAdmin(beat.IntervalScheduleAdmin, ModelAdmin):  # type: ignore[misc]
    """Every so many seconds, minutes or days."""


class CrontabAdmin(beat.CrontabScheduleAdmin, ModelAdmin):  # type: ignore[misc]
    """At times of the day, week or month."""


for _model in (PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(_model)
# Nothing of ours runs once, or by the sun.
admin.site.register(PeriodicTask, PeriodicTaskAdmin)
admin.site.register(IntervalSchedule, IntervalAdmin)
admin.site.register(CrontabSchedule, CrontabAdmin)
