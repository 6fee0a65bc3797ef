"""What is stored."""

from portals.models.portal import BLOCKED_BY_OPERATOR, Portal
from portals.models.records import (
    ApiCall,
    DailyCount,
    EventCredentials,
    FormerDomain,
    PortalEvent,
    PortalTransition,
)
from portals.models.token import PortalToken, PortalTokenQuerySet

__all__ = [
    "BLOCKED_BY_OPERATOR",
    "ApiCall",
    "DailyCount",
    "EventCredentials",
    "FormerDomain",
    "Portal",
    "PortalEvent",
    "PortalToken",
    "PortalTokenQuerySet",
    "PortalTransition",
]
