"""The emulated world as plain data: what exists, who may see what, nothing of HTTP."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from emulator.clock import Clock
from emulator.installations import Application, Installation
from emulator.ledger import issued
from emulator.switches import AuthoritySwitches, BucketSettings, EventSwitches, Fault

ACCESS_LIFETIME = 3600
REFRESH_LIFETIME = 180 * 24 * 3600

UserKind = Literal["employee", "extranet", "dismissed", "bot"]
# private, group, open, open line, system; channel, open channel, comments, collab, Copilot, external (of a task)
MessageType = Literal["P", "C", "O", "L", "S", "N", "J", "T", "B", "A", "X"]


def new_token() -> str:
    """An opaque token of about 70 characters, the length Bitrix24 uses."""
    return issued(secrets.token_hex(35))


def new_key() -> str:
    """32 hex characters: member_id, APP_SID."""
    return secrets.token_hex(16)


def new_application_token() -> str:
    """32 hex characters that look like a key and are a secret."""
    return issued(new_key())


@dataclass
class User:
    """A person (or bot) of one portal. `color` is a hex colour, `last_activity` Unix seconds."""

    id: int
    name: str
    last_name: str
    admin: bool = False
    kind: UserKind = "employee"
    position: str = ""
    gender: Literal["M", "F", ""] = ""
    color: str = "#1eb4aa"
    online: bool = False
    last_activity: float = 0.0

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_name}".strip()


@dataclass
class Message:
    """One message; `author_id` 0 is a system message, `at` Unix seconds."""

    id: int
    author_id: int
    text: str
    at: float


@dataclass
class Chat:
    """A chat under its canonical number. `may_join` lists who may enter without being in it: an open line by its
    queue, the chat of a task by the rights to the task."""

    id: int
    message_type: MessageType
    title: str
    members: list[int]
    owner: int = 0
    managers: list[int] = field(default_factory=list)
    may_join: list[int] = field(default_factory=list)
    description: str = ""
    entity_type: str = ""
    entity_id: str = ""
    color: str = "#4ba984"
    disk_folder_id: int = 0
    created_at: float = 0.0
    messages: list[Message] = field(default_factory=list)

    @property
    def type(self) -> str:
        """The word `im.dialog.get` shows in `type`."""
        by_entity = {"CRM": "crm", "SONET_GROUP": "sonetGroup", "GENERAL": "general"}
        by_message_type = {"P": "private", "C": "chat", "O": "open", "L": "lines", "S": "system"}
        by_message_type |= {"N": "channel", "J": "openChannel", "T": "comment", "B": "collab", "A": "copilot"}
        by_message_type |= {"X": "external"}
        return by_entity.get(self.entity_type, by_message_type[self.message_type])

    def role_of(self, user_id: int) -> Literal["owner", "manager", "member", "guest"]:
        """Role of a user; people outside an open chat are guests."""
        if user_id not in self.members:
            return "guest"
        if self.message_type != "P" and user_id == self.owner:
            return "owner"
        return "manager" if user_id in self.managers else "member"


@dataclass
class DiskItem:
    """A folder or file of the portal's disk; `size` in bytes, `created_at` Unix seconds."""

    id: int
    name: str
    type: Literal["folder", "file"]
    parent_id: int = 0
    size: int = 0
    created_by: int = 0
    created_at: float = 0.0
    text: str = ""


@dataclass
class Portal:
    """One Bitrix24. `generation` "old" posts no SERVER_ENDPOINT, APPLICATION_TOKEN, APPLICATION_SCOPE."""

    key: str
    title: str
    member_id: str
    port: int
    language: str = "en"
    generation: Literal["new", "old"] = "new"
    licence: str = "en_ent250"
    # which of the world's authorization servers it has
    authorization_server: int = 0
    paper: bool = False
    host: str = "localhost"
    require_dot_in_handler_host: bool = True
    # what methods answer besides the truth, by lower-case name: a map is laid over the result, else it is replaced
    contradictions: dict[str, Any] = field(default_factory=dict)
    # a REST method that this Bitrix24 does not have (any more), in lower case
    lacks_method: str = ""
    # methods that this Bitrix24 runs by themselves only, comma list in lower case
    refuses_in_batch: str = ""
    # a placement and an event that this Bitrix24 does not know, in upper case
    lacks_placement: str = ""
    lacks_event: str = ""
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    disk: dict[int, DiskItem] = field(default_factory=dict)
    installations: dict[str, Installation] = field(default_factory=dict)
    app_options: dict[str, dict[str, str]] = field(default_factory=dict)
    user_options: dict[str, dict[str, str]] = field(default_factory=dict)
    fault: Fault = field(default_factory=Fault)
    bucket: BucketSettings = field(default_factory=BucketSettings)
    event_switches: EventSwitches = field(default_factory=EventSwitches)
    last_id: int = 100

    @property
    def domain(self) -> str:
        """Host and port, the form of the DOMAIN parameter."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.domain}"

    @property
    def client_endpoint(self) -> str:
        return f"{self.url}/rest/"

    def next_id(self) -> int:
        """A number never used before on this portal, for chats, messages, bindings and files."""
        self.last_id += 1
        return self.last_id

    def installation(self, client_id: str) -> Installation | None:
        """The application if it is on the portal now, finished or not."""
        found = self.installations.get(client_id)
        return found if found and found.present else None


@dataclass(slots=True)
class Token:
    """A token pair; both expiry times in Unix seconds."""

    access_token: str
    refresh_token: str
    client_id: str
    portal_key: str
    user_id: int
    scope: str
    expires: float
    refresh_expires: float
    access_revoked: bool = False
    refresh_revoked: bool = False


@dataclass
class Delivery:
    """One event on its way to a handler; `fields` are the form fields in order, strings only."""

    portal_key: str
    event: str
    url: str
    fields: list[tuple[str, str]]


@dataclass
class World:
    """Everything. `ports` says which portal key answers on a port, `moved` where one redirects from.

    Each of the `oauth_ports` is an authorization server that knows the tokens of its own portals only.
    `outbox` is transient: deliveries not yet made are lost when the emulator stops.
    """

    clock: Clock = field(default_factory=Clock)
    oauth_ports: list[int] = field(default_factory=lambda: [9000])
    portals: dict[str, Portal] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    spent_refresh: set[str] = field(default_factory=set)
    refresh_reuse: int = 0
    # laid over `app.info` of the authorization servers, by member_id
    contradictions: dict[str, Any] = field(default_factory=dict)
    oauth_faults: dict[int, Fault] = field(default_factory=dict)
    authority: AuthoritySwitches = field(default_factory=AuthoritySwitches)
    by_refresh: dict[str, Token] = field(default_factory=dict, metadata={"transient": True})
    outbox: "asyncio.Queue[Delivery]" = field(default_factory=asyncio.Queue, metadata={"transient": True})

    @property
    def oauth_urls(self) -> list[str]:
        """The authorization servers; the first has the control API and the list of portals."""
        return [f"http://localhost:{port}" for port in self.oauth_ports]

    def oauth_port_of(self, portal: Portal) -> int:
        """Where the portal's authorization server listens; the first one's in a world that has not so many."""
        known = portal.authorization_server < len(self.oauth_ports)
        return self.oauth_ports[portal.authorization_server if known else 0]

    def server_endpoint(self, portal: Portal) -> str:
        """What the portal calls SERVER_ENDPOINT."""
        return f"http://localhost:{self.oauth_port_of(portal)}/rest/"

    def serve(self, portal: Portal, port: int) -> None:
        """Let a portal answer on a port; where it answered before, nobody does."""
        self.ports = {known: key for known, key in self.ports.items() if key != portal.key}
        self.moved.pop(port, None)
        self.ports[port] = portal.key
        portal.port = port

    def portal_on(self, port: int) -> Portal | None:
        """The portal that answers on a port."""
        return self.portals.get(self.ports.get(port, ""))

    def portal_moved_from(self, port: int) -> Portal | None:
        """The renamed portal that a port redirects to."""
        return self.portals.get(self.moved.get(port, ""))

    def issue_token(self, portal: Portal, user_id: int, client_id: str) -> Token:
        """A new pair for a user of a portal; access lives 1 h, refresh 180 days (REST docs: OAuth)."""
        installation = portal.installations[client_id]
        now = self.clock.now()
        token = Token(
            access_token=new_token(),
            refresh_token=new_token(),
            client_id=client_id,
            portal_key=portal.key,
            user_id=user_id,
            scope=",".join(installation.scope),
            expires=now + ACCESS_LIFETIME,
            refresh_expires=now + REFRESH_LIFETIME,
        )
        self.tokens[token.access_token] = token
        self.by_refresh[token.refresh_token] = token
        return token

    def tokens_of(self, portal: Portal, client_id: str = "") -> Iterator[Token]:
        """Every pair of a portal (of one application if given)."""
        for token in self.tokens.values():
            if token.portal_key == portal.key and client_id in ("", token.client_id):
                yield token
