"""Portals that exist for the authorization server only, stored as if they had been installed."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from portals.models import Portal, PortalToken
from tests.support.emulator import Emulator


def paper_portals(
    emulator: Emulator, count: int, *, due_in: timedelta = timedelta(0), used: bool = True
) -> list[PortalToken]:
    """``count`` active portals with a token each, due ``due_in`` from now; ``used``: just now, else never."""
    pairs = emulator.control.paper_portals(count)
    now = timezone.now()
    portals = Portal.objects.bulk_create(
        Portal(
            member_id=pair["member_id"],
            domain=f"{pair['member_id']}.example",
            client_endpoint=pair["client_endpoint"],
            authorization_server=emulator.oauth_url,
            status=Portal.Status.ACTIVE,
            last_used_at=now if used else None,
        )
        for pair in pairs
    )
    return PortalToken.objects.bulk_create(
        PortalToken(
            portal=portal,
            user_id=pair["user_id"],
            access_token=pair["access_token"],
            refresh_token=pair["refresh_token"],
            expires_at=now + timedelta(seconds=pair["expires_in"]),
            refresh_due_at=now + due_in,
        )
        for portal, pair in zip(portals, pairs, strict=True)
    )


def age_leases(by: timedelta) -> None:
    """As if ``by`` had passed since tokens were handed out and taken; those times are the database's."""
    PortalToken.objects.update(leased_until=F("leased_until") - by, spending_since=F("spending_since") - by)


def refreshes(emulator: Emulator) -> list[int]:
    """The HTTP status of every refresh request so far."""
    return [r["status"] for r in emulator.control.requests("oauth") if r["method"] == "oauth.token"]


def generations(tokens: Sequence[PortalToken]) -> set[int]:
    """The generations that stored tokens have now."""
    rows = PortalToken.objects.filter(pk__in=[token.pk for token in tokens])
    return set(rows.values_list("generation", flat=True))
