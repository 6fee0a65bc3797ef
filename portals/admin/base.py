"""What all pages of operators share: nothing is typed in by hand, and no list counts or sorts a whole table."""

from typing import Any

from django.contrib.admin import ShowFacets
from django.http import HttpRequest
from unfold.admin import ModelAdmin  # type: ignore[import-untyped]
from unfold.paginator import InfinitePaginator  # type: ignore[import-untyped]
from unfold.views import ChangeList  # type: ignore[import-untyped]

OPERATE = "portals.operate_portal"
_PAGES = 100


class BoundedChangeList(ChangeList):  # type: ignore[misc]  # unfold has no types
    """Not endlessly many pages: whoever needs more than these needs a filter."""

    def get_results(self, request: HttpRequest) -> None:
        self.page_num: int = min(self.page_num, _PAGES)
        super().get_results(request)


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Nobody adds, changes or deletes: portals change by what Bitrix24 says and by acts, history not at all."""

    # Pages without a count.
    paginator = InfinitePaginator
    list_per_page = 50
    list_max_show_all = 0
    list_disable_select_all = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    # Sorting by a column without an index would read the table.
    sortable_by: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return BoundedChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """For acts; the name is what `permissions=["operate"]` of an action looks for."""
        return request.user.has_perm(OPERATE)


def by(request: HttpRequest) -> str:
    """Who acts, as transitions and logs name them."""
    return f"operator:{request.user.get_username()}"
