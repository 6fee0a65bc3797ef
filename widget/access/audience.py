"""For whom a portal's administrators want the notebook: rules here, while Bitrix24 only shows or hides the item.

Asked at every open and at every call of the API, so that a setting holds at once.
"""

from portals.bitrix24.placements import Context, Role
from portals.lifecycle.placements import SidebarSettings
from portals.refusals import Refusal


def can_judge(sidebar: SidebarSettings, admin: bool | None) -> bool:  # noqa: FBT001 - of three values
    """Whether enough is known: nobody is refused because it was never asked whether they are an administrator."""
    return admin is not None or sidebar.role is not Role.ADMIN


def enforce(sidebar: SidebarSettings, *, admin: bool | None, extranet: bool, context: str) -> None:
    """Raises: Refusal ``administrators_only``, ``employees_only``, ``context_excluded``."""
    if sidebar.role is Role.ADMIN and not admin:
        raise Refusal("administrators_only")
    if extranet and not sidebar.extranet:
        raise Refusal("employees_only")
    if Context.ALL not in sidebar.context and context not in sidebar.context:
        raise Refusal("context_excluded")
