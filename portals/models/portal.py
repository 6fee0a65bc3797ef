"""Who installed us: portals, their tokens and the history of their status."""

from collections.abc import Collection
from datetime import timedelta
from typing import Self
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from portals.models import authorship, erasing, signals
from portals.models.fields import EncryptedTextField
from portals.models.records import (
    ApiCall,
    DailyCount,
    EventCredentials,
    FormerDomain,
    PortalEvent,
    PortalTransition,
)
from portals.models.token import PortalToken

__all__ = [
    "ApiCall",
    "DailyCount",
    "EventCredentials",
    "FormerDomain",
    "Portal",
    "PortalEvent",
    "PortalToken",
    "PortalTransition",
]

log = structlog.get_logger(__name__)

# The one reason that only an operator lifts: no open, refresh or new installation does.
BLOCKED_BY_OPERATOR = "operator"
# How long a portal whose uninstall nobody could confirm waits for an administrator (docs/adr/0072).
UNCONFIRMED_TERM = timedelta(days=90)


class PortalQuerySet(models.QuerySet["Portal"]):
    def for_opens(self) -> Self:
        """Without the application token: an open needs no secret, so none is decrypted."""
        return self.defer("application_token")

    def failing(self) -> Self:
        """Installed, but blocked, without a living token, or with one that fails to refresh."""
        tokens = PortalToken.objects.alive().filter(portal=OuterRef("pk"))
        broken = Q(status="blocked") | ~Exists(tokens) | Exists(tokens.filter(failures__gt=0))
        return self.filter(broken, status__in=["active", "blocked"])


class Portal(models.Model):
    """One Bitrix24, known for life by ``member_id``; everything else about it may change.

    ``domain`` and ``client_endpoint`` are data and come only from an answer of the authorization server.
    """

    class Status(models.TextChoices):
        NEW = "new", _("new")
        ACTIVE = "active", _("active")
        BLOCKED = "blocked", _("blocked")
        DELETED = "deleted", _("deleted")

    class LicenceStatus(models.TextChoices):
        FREE = "F", _("free")
        DEMO = "D", _("demo")
        TRIAL = "T", _("trial")
        PAID = "P", _("paid")
        LOCAL = "L", _("local")
        SUBSCRIPTION = "S", _("subscription")

    member_id = models.CharField(max_length=32, unique=True)
    domain = models.CharField(max_length=255)
    client_endpoint = models.CharField(max_length=255)
    # Origin of the one that proved this portal's tokens, of the two that Bitrix24 has; "" until one did.
    authorization_server = models.CharField(max_length=255, blank=True, default="", db_default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.NEW)
    status_reason = models.CharField(max_length=64, blank=True)
    status_changed_at = models.DateTimeField(default=timezone.now)
    # How often an administrator has proved the installation. What was decided about an earlier one, by an answer
    # that was on the wire meanwhile, does not touch this one.
    installation = models.PositiveIntegerField(default=0, db_default=0)
    licence_status = models.CharField(max_length=1, choices=LicenceStatus, blank=True)
    app_code = models.CharField(max_length=128, blank=True)
    app_version = models.PositiveIntegerField(default=0)
    scope = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    language = models.CharField(max_length=8, default="en")
    application_token = EncryptedTextField(null=True, blank=True, editable=False)
    # When the access token ends that it came with, as the authorization server says.
    application_token_as_of = models.DateTimeField(null=True, blank=True, editable=False)
    # What is left of the application token after an uninstall that was noticed before its event came: one way, so
    # that the late event can still be told from a stranger's.
    application_token_digest = models.CharField(max_length=64, blank=True, editable=False)
    placement_settings = models.JSONField(default=dict, blank=True)
    installed_at = models.DateTimeField(null=True, blank=True)
    # The last open of this installation, None if nobody has opened anything yet.
    last_used_at = models.DateTimeField(null=True, blank=True)
    # The portal's plan as its own ``app.info`` names it, such as "en_ent250": it sets the limits.
    licence = models.CharField(max_length=64, blank=True)
    # Digest of the declared handlers that were bound last, with these settings; another than today's: reconcile.
    handlers_digest = models.CharField(max_length=64, blank=True)
    # When the last reconcile began: one that finds another one's time when it ends knows of a rival.
    handlers_tried_at = models.DateTimeField(null=True, blank=True)
    # Placements and events that this portal is too old to know.
    handlers_missing = ArrayField(models.CharField(max_length=64), default=list, db_default=[], blank=True)
    presence_due_at = models.DateTimeField(null=True, blank=True)
    erase_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PortalQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        permissions = [("operate_portal", "Can act on portals: verify, refresh, block, export, erase")]
        indexes = [
            # the operator's list: who is broken, since when
            models.Index(fields=["status", "-status_changed_at"], name="portal_status_since"),
            # the operator's list by domain, and search by its beginning
            models.Index(fields=["domain"], name="portal_domain"),
            models.Index(fields=["domain"], opclasses=["varchar_pattern_ops"], name="portal_domain_prefix"),
            # the operator's overview: how many of each status and reason; filter: never opened
            models.Index(fields=["status", "status_reason"], name="portal_status_reason"),
            models.Index(
                fields=["-id"],
                name="portal_never_opened",
                condition=Q(status="active", last_used_at=None),
            ),
            # an install or a move: who had this address before
            models.Index(fields=["client_endpoint"], name="portal_endpoint"),
            # the daily check: who has not been heard of
            models.Index(
                fields=["presence_due_at"],
                name="portal_presence_due",
                condition=Q(status__in=["active", "blocked"]),
            ),
            # the eraser: whose retention is over
            models.Index(
                fields=["erase_due_at"], name="portal_erase_due", condition=Q(erase_due_at__isnull=False)
            ),
            # the reconciler: who still has handlers of an older declaration
            models.Index(
                fields=["handlers_digest", "handlers_tried_at"],
                name="portal_handlers",
                condition=Q(status="active"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["new", "active", "blocked", "deleted"]), name="portal_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | ~Q(client_endpoint=""), name="portal_active_has_endpoint"
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | ~Q(status_reason="operator"),
                name="portal_active_is_not_operators",
            ),
        ]

    def __str__(self) -> str:
        return self.domain or self.member_id

    @property
    def origin(self) -> str:
        """Scheme and host of the portal's pages, for ``frame-ancestors``."""
        parts = urlsplit(self.client_endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_held(self) -> bool:
        """Whether an operator has blocked it; it may have left since."""
        return self.status_reason == BLOCKED_BY_OPERATOR

    def remember_authorization_server(self, authorization_server: str) -> None:
        """It proved a token of this portal, and is asked from now on."""
        if authorization_server != self.authorization_server:
            self.authorization_server = authorization_server
            rows = Portal.objects.filter(pk=self.pk)  # it may have been erased
            rows.update(authorization_server=authorization_server, updated_at=timezone.now())

    def digest_of(self, application_token: str | None) -> str:
        """One way, keyed, and another one for each portal; empty for none."""
        if not application_token:
            return ""
        return salted_hmac(
            f"application token of {self.member_id}", application_token, algorithm="sha256"
        ).hexdigest()

    def lock(self, *statuses: str) -> bool:
        """Hold the row until the transaction ends, if it is still the installation that this instance was read of.

        Then what it says of status and address is read again. False, and nothing is changed, if an administrator
        has installed or healed since, if it is in none of ``statuses`` (by default any will do), or erased.
        """
        found = (
            Portal.objects.select_for_update(no_key=True)
            .filter(pk=self.pk)
            .values("installation", "status", "status_reason", "client_endpoint", "erase_due_at")
            .first()
        )
        if (
            found is None
            or found["installation"] != self.installation
            or found["status"] not in (statuses or self.Status.values)
        ):
            log.warning("portal_moved_on", portal=self.member_id, known=self.installation, found=found)
            return False
        for name, value in found.items():
            setattr(self, name, value)
        return True

    @transaction.atomic
    def install(self) -> bool:
        """An administrator proved the installation, whatever the status; False if an operator's block forbids it.

        What was to be erased is kept.
        """
        if not self.lock() or self.is_held:
            return False
        self.installation += 1
        self.erase_due_at, self.application_token_digest = None, ""
        self.save(update_fields=["installation", "erase_due_at", "application_token_digest", "updated_at"])
        self._become(self.Status.ACTIVE, "installed")
        return True

    @transaction.atomic
    def heal(self) -> bool:
        """An administrator proved the installation with a pair that is stored already: every block is over.

        False for an operator's block, or if the portal has left.
        """
        if not self.lock(self.Status.ACTIVE, self.Status.BLOCKED) or self.is_held:
            return False
        self.installation += 1
        self.erase_due_at = None
        self.save(update_fields=["installation", "erase_due_at", "updated_at"])
        return self.recover("healed")

    @transaction.atomic
    def recover(self, reason: str, *, disproved: Collection[str] | None = None) -> bool:
        """What blocked it is over, if that is among ``disproved``; by default everything but an operator's block.

        Whoever lacks an address or a living token stays blocked for that. Returns whether it is active now.
        """
        if not self.lock(self.Status.ACTIVE, self.Status.BLOCKED):
            return False
        over = disproved is None or self.status_reason in disproved
        if self.status == self.Status.BLOCKED and over and not self.is_held:
            self._settle(reason)
        return self.status == self.Status.ACTIVE

    @transaction.atomic
    def block(self, reason: str, *, note: str = "") -> bool:
        """Broken but still installed, as far as we know; an administrator's open or install heals it.

        Not so if ``reason`` is `BLOCKED_BY_OPERATOR`: that holds until `unblock`. ``note`` says why in words.
        Returns whether it is blocked now, by whomever.
        """
        if not self.lock(self.Status.NEW, self.Status.ACTIVE, self.Status.BLOCKED):
            return False
        if not self.is_held:
            self._become(self.Status.BLOCKED, reason, note=note)
        return True

    @transaction.atomic
    def unblock(self) -> bool:
        """Lift an operator's block; what else keeps it from working still does. False if there was none.

        An unconfirmed uninstall has all its time again: nobody could call it off while the block held.
        """
        if not self.lock() or not self.is_held:
            return False
        if self.status == self.Status.DELETED:
            self._become(self.Status.DELETED, "unblocked")
            # Of what was erased the block alone was left.
            Portal.objects.filter(pk=self.pk, erase_due_at=None).update(erase_due_at=timezone.now())
            return True
        parked = Portal.objects.filter(pk=self.pk, erase_due_at__isnull=False)
        parked.update(erase_due_at=timezone.now() + UNCONFIRMED_TERM)
        self._settle("unblocked")
        return True

    @transaction.atomic
    def mark_deleted(self, reason: str) -> bool:
        """Uninstalled, confirmed by the authorization server: tokens go at once, the row stays.

        Content stays for the retention period, so that a reinstall finds it; so does an operator's block. Returns
        whether the installation is deleted now, by whomever.
        """
        if not self.lock():
            return False
        kept = BLOCKED_BY_OPERATOR if self.is_held else reason
        if (self.status, self.status_reason) == (self.Status.DELETED, kept):
            return True
        self.tokens.all().delete()
        EventCredentials.objects.filter(event__member_id=self.member_id).delete()
        if self.application_token:
            self.application_token_digest = self.digest_of(self.application_token)
            self.application_token = None
        if self.status != self.Status.DELETED:  # else whoever was faster has decided about the content
            self.erase_due_at = timezone.now() + timedelta(days=settings.CONTENT_RETENTION_DAYS)
        self.save(
            update_fields=["application_token", "application_token_digest", "erase_due_at", "updated_at"]
        )
        self._become(self.Status.DELETED, reason, kept=kept)
        return True

    def erase_content(self, reason: str) -> None:
        """Everything its people wrote goes; the installation stays. Ends all sessions and proofs of access.

        Most of it goes before the row is locked, so that nobody who opens a notebook waits for it.
        """
        while erasing.erase_some(self):
            pass
        with transaction.atomic():
            current = Portal.objects.select_for_update(no_key=True).only("status").get(pk=self.pk)
            while erasing.erase_some(self):  # what was written meanwhile
                pass
            PortalTransition.objects.create(
                portal=self, old=current.status, new=current.status, reason=reason, by=authorship.author()
            )
            self.status_changed_at = timezone.now()
            self.save(update_fields=["status_changed_at", "updated_at"])

    def _settle(self, reason: str) -> None:
        """Active, unless something is lacking without which nothing works."""
        if not self.client_endpoint:
            self._become(self.Status.BLOCKED, "address_lost")
        elif not self.tokens.alive().exists():
            self._become(self.Status.BLOCKED, "token_dead")
        else:
            self._become(self.Status.ACTIVE, reason)

    def _become(self, target: "Portal.Status", reason: str, *, kept: str = "", note: str = "") -> None:
        """Record a change and announce it, in the transaction that holds the row; ``kept`` stays as the reason."""
        if (self.status, self.status_reason) == (target, kept or reason):
            return
        PortalTransition.objects.create(
            portal=self, old=self.status, new=target, reason=reason, by=authorship.author(), note=note
        )
        self.status, self.status_reason = target, kept or reason
        self.status_changed_at = timezone.now()
        changed = ["status", "status_reason", "status_changed_at", "updated_at"]
        if target == self.Status.ACTIVE:  # what works has not left, whatever was said of it
            self.erase_due_at = None
            changed.append("erase_due_at")
        self.save(update_fields=changed)
        _ANNOUNCED[target].send(Portal, portal=self)


_ANNOUNCED = {
    Portal.Status.ACTIVE: signals.installed,
    Portal.Status.BLOCKED: signals.blocked,
    Portal.Status.DELETED: signals.deleted,
}
