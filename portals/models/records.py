"""What is written down about portals: changes of status, events they sent, calls we made. No secret stays in it."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portals.models.fields import EncryptedTextField


class PortalTransition(models.Model):
    """Our record of a status change; append-only.

    ``by`` is the operator or command that caused it, empty for what Bitrix24 caused; ``note`` is why, in an
    operator's words. An erased portal leaves one, without ``portal`` but with its ``member_id``: the proof that it
    was erased.
    """

    portal = models.ForeignKey(
        "portals.Portal", on_delete=models.CASCADE, null=True, blank=True, related_name="transitions"
    )
    member_id = models.CharField(max_length=32, blank=True)
    old = models.CharField(max_length=8)
    new = models.CharField(max_length=8)
    reason = models.CharField(max_length=64)
    by = models.CharField(max_length=170, blank=True, default="", db_default="")
    note = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # a portal's timeline
            models.Index(fields=["portal", "-created_at"], name="transition_timeline"),
            # the operator's filter: installs, uninstalls, blocks, heals
            models.Index(fields=["old", "new", "created_at"], name="transition_change"),
        ]

    def __str__(self) -> str:
        return f"{self.old} → {self.new} ({self.reason})"


class PortalEventQuerySet(models.QuerySet["PortalEvent"]):
    def pending(self) -> Self:
        return self.filter(status=PortalEvent.Status.PENDING)

    def due(self, moment: datetime) -> Self:
        """Waiting, and not before ``moment``."""
        return self.pending().filter(due_at__lte=moment)

    def free(self, moment: datetime) -> Self:
        """In nobody's hands at ``moment``."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=moment))

    def failing(self) -> Self:
        """What an operator should look at: given up, or tried more than once without success."""
        return self.filter(
            Q(status=PortalEvent.Status.FAILED) | Q(status="pending", attempts__gt=F("looks") + 1)
        )


class PortalEvent(models.Model):
    """The inbox: every accepted event once, with its outcome. ``data`` is what Bitrix24 said, without tokens.

    ``portal`` is empty for an install event of a portal we do not know yet. ``attempts`` counts how often a
    worker took it, ``looks`` how many of these ended well and are repeated, since the answer may become another.
    ``leased_until`` keeps it for whoever was told to take it, or has. ``sender`` is the network it came from, while
    it waits; empty if that could be anybody's. ``request_id`` names the request that brought it, for the log.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        IGNORED = "ignored", _("ignored")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    portal = models.ForeignKey(
        "portals.Portal", on_delete=models.CASCADE, null=True, blank=True, related_name="events"
    )
    member_id = models.CharField(max_length=32)
    event = models.CharField(max_length=128)
    sent_at = models.DateTimeField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    dedup_key = models.CharField(max_length=64, unique=True, editable=False)
    sender = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    request_id = models.CharField(max_length=36, blank=True, default="", db_default="", editable=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0, db_default=0)
    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    objects = PortalEventQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # the dispatcher: what waits, and since when it may run
            models.Index(fields=["due_at"], name="portalevent_due", condition=Q(status="pending")),
            # how many of a portal's events wait; erasing by the portal's key
            models.Index(fields=["member_id", "event", "status"], name="portalevent_member"),
            # pruning
            models.Index(fields=["received_at"], name="portalevent_received"),
            # a portal's newest events
            models.Index(fields=["portal", "-received_at"], name="portalevent_timeline"),
            # the operator's filters and the overview: what has failed
            models.Index(fields=["portal"], name="portalevent_failed", condition=Q(status="failed")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "done", "ignored", "refused", "failed"]),
                name="portalevent_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="pending") | Q(processed_at__isnull=False),
                name="portalevent_outcome_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.member_id}"

    @property
    def failures(self) -> int:
        """How many attempts failed, the current one included."""
        return self.attempts - self.looks


class EventCredentials(models.Model):
    """Tokens that came with an event and are needed to prove it: encrypted, and gone with its outcome."""

    event = models.OneToOneField(
        PortalEvent, on_delete=models.CASCADE, primary_key=True, related_name="credentials"
    )
    access_token = EncryptedTextField(editable=False)
    refresh_token = EncryptedTextField(null=True, editable=False)
    application_token = EncryptedTextField(null=True, editable=False)

    def __str__(self) -> str:
        return f"credentials of event {self.event_id}"


class ApiCall(models.Model):
    """One call we made. ``duration`` and ``operating`` are in seconds; ``by`` as in `PortalTransition`.

    ``portal`` is empty for calls to the authorization server, unless an operator's act made them, and for those
    made before a portal was proved.
    """

    portal = models.ForeignKey(
        "portals.Portal", on_delete=models.CASCADE, null=True, blank=True, related_name="api_calls"
    )
    host = models.CharField(max_length=255)
    method = models.CharField(max_length=64)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    duration = models.FloatField()
    operating = models.FloatField(null=True, blank=True)
    by = models.CharField(max_length=170, blank=True, default="", db_default="")
    # Of the request or task it was part of, to be searched for in the logs.
    request_id = models.CharField(max_length=36, blank=True, db_default="", default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # a portal's newest calls
            models.Index(fields=["portal", "-created_at"], name="apicall_portal"),
            # pruning, oldest first
            models.Index(fields=["created_at"], name="apicall_created"),
            # a portal's newest errors
            models.Index(
                fields=["portal", "-created_at"], name="apicall_portal_errors", condition=Q(error_code__gt="")
            ),
            # the eraser: calls made before a portal was proved
            models.Index(fields=["host"], name="apicall_unproved", condition=Q(portal__isnull=True)),
            # the operator's list of one error
            models.Index(fields=["error_code", "-id"], name="apicall_errors", condition=Q(error_code__gt="")),
        ]

    def __str__(self) -> str:
        return f"{self.method} at {self.host}"


class FormerDomain(models.Model):
    """A domain that a portal had once: operators know portals by the name in an old letter."""

    portal = models.ForeignKey("portals.Portal", on_delete=models.CASCADE, related_name="former_domains")
    domain = models.CharField(max_length=255)
    left_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-left_at",)
        constraints = [
            models.UniqueConstraint(fields=["portal", "domain"], name="formerdomain_once"),
        ]
        indexes = [
            # the operator's search by the beginning of a domain
            models.Index(fields=["domain"], opclasses=["varchar_pattern_ops"], name="formerdomain_prefix"),
        ]

    def __str__(self) -> str:
        return self.domain


class DailyCount(models.Model):
    """How often something happened on a day (UTC): a row for each kind and label, so few rows a day."""

    day = models.DateField()
    kind = models.CharField(max_length=16)
    label = models.CharField(max_length=64, blank=True)
    value = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            # also the overview's query: a kind over some days
            models.UniqueConstraint(fields=["kind", "day", "label"], name="dailycount_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label} on {self.day}: {self.value}"
