"""The door of the admin: a limit before the password, the second factor behind it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from operators import second_factor, sign_in

# Pages of the admin that a sign-in without its second factor reaches; the other views are none of the admin's.
_OPEN = frozenset({"login", "logout", "jsi18n"})


class SignInLimit:
    """Turns away an address that tried too often, before a password is hashed or a row written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponseBase | None:
        """Before the sign-in of the admin reads a form."""
        match = request.resolver_match
        if request.method != "POST" or match is None or match.view_name != "admin:login":
            return None
        return sign_in.locked(request, None, None) if sign_in.too_many(request) else None


class SecondFactorMiddleware:
    """Sends whoever has given a password only to the second factor, whatever page of the admin was asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponseBase | None:
        """Before any page of the admin."""
        match = request.resolver_match
        if match is None or "admin" not in match.app_names or match.url_name in _OPEN:
            return None
        if request.user.is_authenticated and second_factor.wanting(request.user):
            return HttpResponseRedirect(reverse("second-factor", query={"next": request.get_full_path()}))
        return None
