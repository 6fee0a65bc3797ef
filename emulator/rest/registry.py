"""What a REST method is, what it is given, and how one is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.errors import ApiError
from emulator.installations import Application, Installation
from emulator.limits import Limits
from emulator.params import Params, overlay
from emulator.state import Portal, User, World

PAGE_SIZE = 50


@dataclass
class Caller:
    """Who calls: a person through an application.

    `slowness`: seconds that methods took already, by a switched fault.
    """

    world: World
    portal: Portal
    user: User
    scope: frozenset[str]
    limits: Limits
    access_token: str
    application: Application
    installation: Installation
    slowness: Mapping[str, float] = field(default_factory=dict)

    @property
    def client_id(self) -> str:
        return self.application.client_id


@dataclass
class Call:
    """One call of one method."""

    caller: Caller
    params: Params

    @property
    def world(self) -> World:
        return self.caller.world

    @property
    def portal(self) -> Portal:
        return self.caller.portal

    @property
    def user(self) -> User:
        return self.caller.user

    def in_application(self) -> tuple[Application, Installation]:
        """The calling application."""
        return self.caller.application, self.caller.installation

    def require_admin(self) -> None:
        """Raises `ApiError` 403 ACCESS_DENIED for everyone but administrators."""
        if not self.user.admin:
            raise ApiError(403, "ACCESS_DENIED", "Access denied!")


@dataclass
class Answer:
    """A result with list counters."""

    result: Any
    total: int | None = None
    next: int | None = None


Function = Callable[[Call], Any]


@dataclass
class Method:
    """A method under its lower-case name; an empty `scopes` is the basic scope everybody has."""

    name: str
    scopes: frozenset[str]
    function: Function


METHODS: dict[str, Method] = {}


def method(name: str, *scopes: str) -> Callable[[Function], Function]:
    """Register a function as a REST method that needs one of the scopes."""

    def register(function: Function) -> Function:
        METHODS[name] = Method(name, frozenset(scopes), function)
        return function

    return register


def run(caller: Caller, name: str, params: Params) -> Answer:
    """Call a method. Raises `ApiError`: 404 unknown, 403 insufficient_scope, 429, and the method's own."""
    found = METHODS.get(name)
    if found is None or name == caller.portal.lacks_method:
        raise ApiError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    if found.scopes and not found.scopes & caller.scope:
        raise ApiError(
            403,
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token",
        )
    now = caller.world.clock.now()
    used, _ = caller.limits.operating(caller.portal.key, caller.client_id, name, now)
    if used > caller.portal.bucket.operating_limit:
        raise ApiError(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
    result = found.function(Call(caller, params))
    seconds = caller.world.clock.now() - now + caller.slowness.get(name, 0.0)
    caller.limits.spend(caller.portal.key, caller.client_id, name, now, seconds)
    answer = result if isinstance(result, Answer) else Answer(result)
    if name in caller.portal.contradictions:
        answer.result = overlay(answer.result, caller.portal.contradictions[name])
    return answer


def paginate(items: list[Any], start: int) -> Answer:
    """50 a page from offset `start`; -1 skips counting. `next` is missing on the last page."""
    if start < 0:
        return Answer(items[:PAGE_SIZE], total=0)
    end = start + PAGE_SIZE
    return Answer(items[start:end], total=len(items), next=end if end < len(items) else None)
