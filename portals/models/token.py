"""The token pairs that administrators brought, with which we work when nobody is looking."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from portals.models.fields import EncryptedTextField


class PortalTokenQuerySet(models.QuerySet["PortalToken"]):
    def alive(self) -> Self:
        return self.filter(dead_at=None)

    def dead(self) -> Self:
        return self.filter(dead_at__isnull=False)

    def failing(self) -> Self:
        return self.alive().filter(failures__gt=0)

    def due(self, moment: datetime) -> Self:
        """To be refreshed at ``moment`` and in nobody's hands, longest due first.

        Leases are by the clock of the database, the only one that all processes share.
        """
        free = Q(leased_until=None) | Q(leased_until__lt=Now())
        return self.alive().filter(free, refresh_due_at__lte=moment).order_by("refresh_due_at")


class PortalToken(models.Model):
    """The token pair of one administrator of a portal, with which we work when nobody is looking.

    ``generation`` grows with every stored pair: a refresher saves its result only over the pair it spent.
    ``leased_until`` reserves a due token for whoever was told to refresh it. ``spending_since`` says that its
    refresh token is on the way to the authorization server, so it is never sent a second time; if it is still set
    long after, the process died there. ``stored_at`` is when an administrator brought a pair: the
    newest is the portal's primary token, the others are only kept alive.
    """

    portal = models.ForeignKey("portals.Portal", on_delete=models.CASCADE, related_name="tokens")
    user_id = models.PositiveBigIntegerField()
    access_token = EncryptedTextField(editable=False)
    refresh_token = EncryptedTextField(editable=False)
    generation = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField()
    refresh_due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    spending_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=64, blank=True)
    refreshed_at = models.DateTimeField(default=timezone.now)
    stored_at = models.DateTimeField(default=timezone.now)
    dead_at = models.DateTimeField(null=True, blank=True)

    objects = PortalTokenQuerySet.as_manager()

    # Whether this is the portal's primary token, if the row was read with the answer.
    is_primary = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portal", "user_id"], name="portaltoken_portal_user"),
        ]
        indexes = [
            # the scheduler: what is due now
            models.Index(
                fields=["refresh_due_at"], name="portaltoken_due", condition=Q(dead_at__isnull=True)
            ),
            # the operator's filters and the overview: dead, failing
            models.Index(
                fields=["-id"],
                name="portaltoken_unwell",
                condition=Q(dead_at__isnull=False) | Q(failures__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"token of user {self.user_id} at {self.portal_id}"

    def valid_at(self, moment: datetime) -> bool:
        """Whether the access token can still be used at ``moment``."""
        return self.dead_at is None and self.expires_at > moment
