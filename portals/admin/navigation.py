"""The sidebar of the operators' pages: each sees what they may open."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse


def pages(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, as unfold wants them."""

    def page(icon: str, title: str, name: str, permission: str) -> dict[str, Any]:
        return {
            "icon": icon,
            "title": title,
            "link": reverse(f"admin:{name}"),
            "permission": lambda request: request.user.has_perm(permission),
        }

    return [
        {
            "items": [
                page("monitoring", "Overview", "index", "portals.view_portal"),
                page("domain", "Portals", "portals_portal_changelist", "portals.view_portal"),
                page("key", "Tokens", "portals_portaltoken_changelist", "portals.view_portaltoken"),
                page("inbox", "Events", "portals_portalevent_changelist", "portals.view_portalevent"),
                page(
                    "history",
                    "Transitions",
                    "portals_portaltransition_changelist",
                    "portals.view_portaltransition",
                ),
                page("swap_horiz", "Calls", "portals_apicall_changelist", "portals.view_apicall"),
            ]
        },
        {
            "separator": True,
            "items": [
                page(
                    "schedule",
                    "Periodic tasks",
                    "django_celery_beat_periodictask_changelist",
                    "django_celery_beat.view_periodictask",
                ),
                page(
                    "timer",
                    "Intervals",
                    "django_celery_beat_intervalschedule_changelist",
                    "django_celery_beat.view_intervalschedule",
                ),
                page(
                    "calendar_month",
                    "Crontabs",
                    "django_celery_beat_crontabschedule_changelist",
                    "django_celery_beat.view_crontabschedule",
                ),
                page("person", "Operators", "auth_user_changelist", "auth.view_user"),
                page("group", "Roles", "auth_group_changelist", "auth.view_group"),
            ],
        },
    ]
