"""The operators' pages: who is broken, since when, why, and what to press."""

from portals.admin.history import ApiCallAdmin, PortalEventAdmin, PortalTokenAdmin, PortalTransitionAdmin
from portals.admin.listing import PortalAdmin

__all__ = ["ApiCallAdmin", "PortalAdmin", "PortalEventAdmin", "PortalTokenAdmin", "PortalTransitionAdmin"]
