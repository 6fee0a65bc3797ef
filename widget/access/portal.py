"""The last source of both answers, and the only one of new ones: the portal, asked with the viewer's own token.

One batch asks both questions where both are open. Everything that is kept comes from here.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final

from portals.bitrix24.errors import AccessDenied, ServerTrouble, TokenDead, TokenExpired, Unreachable
from portals.bitrix24.handlers import rows
from portals.bitrix24.payloads import Dialog, ImUser
from portals.bitrix24.payloads.fields import to_int
from portals.bitrix24.placements import Context
from portals.bitrix24.rest import BatchResult, Command, RestClient
from portals.lifecycle import visits
from portals.lifecycle.heal import heal
from portals.outgoing import addresses
from portals.refusals import Refusal
from widget.access import kept
from widget.access.answers import STALE, Identity, Look, Rights
from widget.access.inquiry import Away, Inquiry
from widget.invisible import without_hidden
from widget.models import Chat

_LONGEST_NAME: Final = 255
# People of a group chat whose names one look brings along: the method's largest page, and how many of them.
_PAGE, _PAGES = 200, 5
# Bytes. Of a chat of 20 000 ``im.dialog.get`` names every reader, at up to 260 bytes each (portal source,
# im/lib/chat.php `getById`, May 2026).
LARGEST_ANSWER: Final = 8 * 1024 * 1024


class ViewerAtPortal:
    """Whose the token is. What the viewer may do comes along."""

    def answer(self, inquiry: Inquiry) -> Identity:
        """Raises: Refusal, Bitrix24Error, Away."""
        at = time.time()
        with _heeded(inquiry):
            answers = _ask(inquiry, {**visits.COMMANDS, "viewer": ("im.user.get", {})})
            identity = _identity(inquiry, answers, at)
        inquiry.rights = _rights(inquiry, identity, answers, at)
        kept.keep_viewer(inquiry.claim, identity)
        return identity


class RightsAtPortal:
    """What a known viewer may do."""

    def answer(self, inquiry: Inquiry, identity: Identity) -> Rights:
        """Raises: Refusal, Bitrix24Error, Away."""
        at = time.time()
        with _heeded(inquiry):
            answers = _ask(inquiry, {})
        return _rights(inquiry, identity, answers, at)


def _ask(inquiry: Inquiry, commands: Mapping[str, Command]) -> BatchResult:
    """``commands`` and what tells of the dialog. Raises: Bitrix24Error, Away."""
    if inquiry.away:
        raise inquiry.away.error
    claim = inquiry.claim
    dialog: Command = ("im.dialog.get", {"DIALOG_ID": str(claim.dialog_id)})
    optional = _people(inquiry)

    def work(client: RestClient) -> BatchResult:
        try:
            return client.batch(
                {**commands, "dialog": dialog},
                optional=optional,
                deadline=inquiry.left,
                max_bytes=LARGEST_ANSWER,
            )
        except (Unreachable, ServerTrouble) as error:
            raise Away(error) from None

    return addresses.ask(
        inquiry.portal,
        claim.access_token,
        work,
        claimed_domain=claim.domain,
        subject=str(claim.dialog_id),
    )


def _people(inquiry: Inquiry) -> dict[str, Command]:
    """Who is in a group chat: all by number, some by name. An open does without where the portal does not tell."""
    if not inquiry.is_group:
        return {}
    commands: dict[str, Command] = {"members": ("im.chat.user.list", {"CHAT_ID": "$result[dialog][id]"})}
    if inquiry.lately(inquiry.of_token.looked_at):
        return commands
    for page in range(_PAGES):
        params = {"DIALOG_ID": str(inquiry.claim.dialog_id), "LIMIT": _PAGE, "OFFSET": page * _PAGE}
        commands[f"people_{page}"] = ("im.dialog.users.list", params)
    return commands


def _identity(inquiry: Inquiry, answers: BatchResult, at: float) -> Identity:
    """Raises: Refusal, Bitrix24Error."""
    profile = visits.prove_visitor(inquiry.portal, answers)
    viewer = ImUser.parse(answers["viewer"])
    heal(inquiry.portal, profile, inquiry.claim)
    return Identity(
        epoch=inquiry.epoch,
        at=at,
        ends=kept.token_ends(inquiry.claim, at),
        viewer=profile.user_id,
        name=_name(f"{profile.name} {profile.last_name}", profile.user_id),
        admin=profile.admin,
        extranet=viewer.extranet,
    )


def _rights(inquiry: Inquiry, identity: Identity, answers: BatchResult, at: float) -> Rights:
    """Raises: Refusal, Bitrix24Error."""
    try:
        dialog = Dialog.parse(answers["dialog"])
    except AccessDenied as error:
        _refused(inquiry, identity.viewer)
        raise Refusal("no_access", detail=str(error)) from None
    chat = _chat(inquiry, identity.viewer, dialog)
    visits.used(inquiry.portal)
    entity = f"{dialog.entity_type}:{dialog.entity_id}" if dialog.entity_type else ""
    people = named(answers) if inquiry.is_group else {}
    rights = Rights(
        epoch=inquiry.epoch,
        at=at,
        ends=at + STALE,
        chat=chat.pk,
        chat_id=dialog.chat_id,
        context=str(_context(dialog)),
        entity=entity,
        can_write=_takes_part(dialog, identity.viewer, answers, people),
    )
    look = Look(**asdict(rights) | {"can_write": True}, people=people) if people else None
    kept.keep_rights(inquiry.claim, identity.viewer, rights, look)
    return rights


def _chat(inquiry: Inquiry, viewer: int, dialog: Dialog) -> Chat:
    """With its two people, if it is a private one."""
    people: dict[str, int] = {}
    if dialog.message_type == "P" and not inquiry.is_group:
        lower, higher = sorted((viewer, inquiry.claim.dialog_id.number))
        people = {"lower_user_id": lower, "higher_user_id": higher}
    chat = Chat.objects.numbered(inquiry.portal, dialog.chat_id)
    if chat is None:
        chat, _ = Chat.objects.get_or_create(portal=inquiry.portal, chat_id=dialog.chat_id, defaults=people)
    if people and chat.lower_user_id is None:  # first opened under its other name, "chat7"
        Chat.objects.filter(pk=chat.pk).update(**people)
    return chat


@contextmanager
def _heeded(inquiry: Inquiry) -> Iterator[None]:
    """The token is refused as such: it proves nothing any more, and unless it is only old, nor does its holder."""
    try:
        yield
    except (TokenDead, TokenExpired, AccessDenied) as error:
        identity, holder = inquiry.of_token.identity, inquiry.holder
        if identity is not None:
            kept.void_token(inquiry.claim)
        viewer = identity.viewer if identity else holder.user_id if holder else None
        if viewer is not None and not isinstance(error, TokenExpired):
            kept.void_viewer(inquiry.claim, viewer)
        raise


def _refused(inquiry: Inquiry, viewer: int) -> None:
    """The viewer may not read the dialog: whatever is kept of somebody who could makes place for asking again."""
    known = inquiry.of(viewer)
    if known.rights is not None or (known.look and str(viewer) in known.look.people):
        kept.void_viewer(inquiry.claim, viewer)


def _takes_part(
    dialog: Dialog, viewer: int, answers: BatchResult, people: Mapping[str, tuple[str, bool]]
) -> bool:
    """A portal too old to tell the role of the viewer tells who is in the chat."""
    if dialog.role:
        return dialog.takes_part
    return dialog.message_type == "P" or str(viewer) in people or viewer in numbers(answers)


def numbers(answers: BatchResult) -> set[int]:
    """An answer of ``im.chat.user.list``; the general chat has none for anybody."""
    listed = answers.results.get("members")
    values = listed.values() if isinstance(listed, Mapping) else listed if isinstance(listed, list) else ()
    return {number for number in map(to_int, values) if number}


def named(answers: BatchResult) -> dict[str, tuple[str, bool]]:
    """The people of ``im.dialog.users.list`` who are active: name and whether a guest."""
    found = {}
    for page in range(_PAGES):
        for row in rows(answers.results.get(f"people_{page}")):
            number = row.integer("id")
            if number and row.flag("active"):
                found[str(number)] = (
                    _name(row.text("name", limit=_LONGEST_NAME), number),
                    row.flag("extranet"),
                )
    return found


def _name(text: str, number: int) -> str:
    return without_hidden(text).strip()[:_LONGEST_NAME] or f"#{number}"


def _context(dialog: Dialog) -> Context:
    """The kind of chat in the placement's terms (Bitrix24 REST docs, "IM_SIDEBAR")."""
    if dialog.message_type == "P":
        return Context.USER
    if dialog.message_type == "L":
        return Context.LINES
    return Context.CRM if dialog.entity_type.upper() == "CRM" else Context.CHAT
