"""The pages: welcome, messenger, Market, and the landing page of the authorization server."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from emulator.errors import ApiError
from emulator.messenger.desk import LANGUAGES, Desk, Refused
from emulator.messenger.market import products_for
from emulator.messenger.people import Face, face_of, initials, role_badge, rows_for
from emulator.messenger.talk import talk_for
from emulator.state import Portal, User, World

FOLDER = Path(__file__).parent
PORTAL_COLORS = ("#2f7fe0", "#7a5fd0", "#0f9b8e")
NOTICES = {
    "DIALOG_ID_EMPTY": ("chat", "There is no such chat", "The address names no chat."),
    "ACCESS_ERROR": ("lock", "You have no access to this chat", "Only its members see what is said in it."),
    "": ("chat", "No chats yet", "Nobody has written to you on this portal."),
}

templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

View = Callable[[Request], Response]


@dataclass(frozen=True)
class Person:
    """Somebody on the welcome page; `why` says why one cannot be played."""

    id: int
    name: str
    position: str
    face: Face
    role: str
    tone: str
    playable: bool
    why: str


@dataclass(frozen=True)
class Neighbour:
    """Another portal of the world."""

    title: str
    url: str
    domain: str
    face: Face
    people: int
    chats: int


def on_own_address(view: View) -> Callable[[Request], Awaitable[Response]]:
    """Sends a visitor who typed another name of this machine to the portal's own address.

    Frames post their messages to the origin that DOMAIN names; on any other they would never be heard.
    """

    async def answer(request: Request) -> Response:
        portal: Portal = request.state.portal
        if request.url.netloc != portal.domain:
            return RedirectResponse(
                str(request.url.replace(scheme="http", netloc=portal.domain)), status_code=302
            )
        return view(request)

    return answer


def welcome(request: Request) -> Response:
    """`GET /` of a portal: whom do you play?"""
    portal: Portal = request.state.portal
    world: World = request.state.emulator.world
    return _page(
        "welcome.html",
        portal=portal,
        viewer=None,
        language=portal.language,
        portal_face=_face_of_portal(world, portal),
        people=[_person(user) for user in portal.users.values()],
        others=[other for other in _neighbours(world) if other.url != portal.url],
    )


def messenger(request: Request) -> Response:
    """`GET /online/?as=USER[&dialog=DIALOG][&lang=LANG]`: the messenger."""
    desk = Desk.of(request, request.query_params)
    mine, open_chats = rows_for(desk.portal, desk.viewer, desk.world.clock.now())
    dialog_id = request.query_params.get("dialog") or (mine[0].dialog_id if mine else "")
    talk, problem = None, ""
    if dialog_id:
        try:
            talk = talk_for(desk, dialog_id)
        except ApiError as error:
            problem = error.code
    icon, title, text = NOTICES.get(problem, NOTICES["ACCESS_ERROR"])
    return _page(
        "messenger.html",
        **_desk_context(desk),
        mine=mine,
        open_chats=open_chats,
        current=talk.dialog_id if talk else "",
        talk=talk,
        bubbles=talk.bubbles if talk else [],
        notice={"icon": icon, "title": title, "text": text},
        languages=LANGUAGES,
    )


def market(request: Request) -> Response:
    """`GET /market/?as=USER`: the applications of the portal."""
    desk = Desk.of(request, request.query_params)
    return _page(
        "market.html",
        **_desk_context(desk),
        products=products_for(desk),
        role=role_badge(desk.viewer)[0],
    )


async def landing(request: Request) -> Response:
    """`GET /` of the authorization server: the portals of the world."""
    world: World = request.state.emulator.world
    return _page("landing.html", portal=None, viewer=None, language="en", others=_neighbours(world))


def linked(request: Request) -> Response:
    """`GET /marketplace/view/CODE/?params[name]=value`: a link to an application (REST docs: REST_APP_URI).

    The browser of a real portal is signed in; here `as` says who follows the link.
    """
    desk = Desk.of(request, request.query_params)
    code = request.path_params["code"]
    found = [item for item in desk.world.applications.values() if code in (item.code, item.client_id)]
    if not found:
        raise Refused(404, "There is no such application.")
    options = {
        match[1]: value
        for name, value in request.query_params.items()
        if (match := re.fullmatch(r"params\[(\w+)\]", name))
    }
    return _page("linked.html", **_desk_context(desk), application=found[0], options=json.dumps(options))


def talk_parts(desk: Desk, dialog_id: str) -> dict[str, str]:
    """The changing parts of the messenger page as HTML. Raises `ApiError` as `talk_for`."""
    talk = talk_for(desk, dialog_id)
    mine, open_chats = rows_for(desk.portal, desk.viewer, desk.world.clock.now())
    context = {
        "talk": talk,
        "bubbles": talk.bubbles,
        "mine": mine,
        "open_chats": open_chats,
        "current": talk.dialog_id,
        "link": desk.link,
    }
    names = {"messages": "bubbles.html", "chats": "chats.html", "applications": "applications.html"}
    return {part: templates.get_template(name).render(context) for part, name in names.items()}


def _page(name: str, **context: Any) -> HTMLResponse:
    html = templates.get_template(name).render(context)
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


def missing(request: Request, error: Exception) -> Response:
    """The page that says why there is none."""
    portal: Portal = request.state.portal
    page = _page("missing.html", portal=portal, viewer=None, language=portal.language, text=str(error))
    page.status_code = error.status if isinstance(error, Refused) else 500
    return page


def _desk_context(desk: Desk) -> dict[str, Any]:
    return {
        "portal": desk.portal,
        "viewer": desk.viewer,
        "viewer_face": face_of(desk.viewer),
        "language": desk.language,
        "link": desk.link,
        "portal_face": _face_of_portal(desk.world, desk.portal),
        "oauth_url": desk.world.oauth_urls[0],
    }


def _person(user: User) -> Person:
    role, tone = role_badge(user)
    why = {"dismissed": "Dismissed: cannot enter the portal", "bot": "A bot has no screen"}.get(user.kind, "")
    return Person(
        user.id, user.full_name, user.position, face_of(user), role, tone, playable=not why, why=why
    )


def _neighbours(world: World) -> list[Neighbour]:
    return [
        Neighbour(
            portal.title,
            portal.url,
            portal.domain,
            _face_of_portal(world, portal),
            sum(user.kind in ("employee", "extranet") for user in portal.users.values()),
            len(portal.chats),
        )
        for portal in world.portals.values()
        if not portal.paper and world.portal_on(portal.port) is portal
    ]


def _face_of_portal(world: World, portal: Portal) -> Face:
    number = list(world.portals).index(portal.key)
    return Face(initials(portal.title), PORTAL_COLORS[number % len(PORTAL_COLORS)], square=True)
