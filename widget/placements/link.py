"""What a link to a note opens."""

from functools import partial

from portals.bitrix24.handlers import Bindable
from portals.bitrix24.placements import REST_APP_URI, LinkPlacement
from portals.lifecycle.placements import Placement, SidebarSettings
from widget.pages import notebook


def _bind(_: SidebarSettings, handler: str) -> Bindable:
    return LinkPlacement(handler, "Chat Notebook")


PLACEMENT = Placement(code=REST_APP_URI, bind=_bind, page=partial(notebook.show, by_link=True))
