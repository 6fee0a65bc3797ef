"""The item in the sidebar of a chat: what the application is for."""

from django.utils.translation import gettext_noop

from portals.bitrix24.handlers import Bindable
from portals.bitrix24.placements import IM_SIDEBAR, MessengerPlacement
from portals.lifecycle.placements import Placement, SidebarSettings, translated
from widget.pages import notebook

TITLE = gettext_noop("Notebook")


def _bind(sidebar: SidebarSettings, handler: str) -> Bindable:
    return MessengerPlacement(
        code=IM_SIDEBAR,
        handler=handler,
        icon_name="fa-sticky-note-o",
        title=sidebar.title,
        # A title of a portal's own is the same in every language.
        lang_all={} if sidebar.title else translated(TITLE),
        context=sidebar.context,
        role=sidebar.role,
        extranet=sidebar.extranet,
        color=sidebar.color,
    )


PLACEMENT = Placement(
    code=IM_SIDEBAR,
    bind=_bind,
    page=notebook.show,
    scopes=frozenset({"im", "placement"}),
    essential=True,
)
