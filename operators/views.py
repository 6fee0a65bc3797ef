"""Pages of the second factor."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from operators import second_factor
from operators.forms import CodeForm

View = Callable[[HttpRequest], HttpResponse]
WRONG = "This code is not right. A code works once and for half a minute; after wrong ones wait a moment."


def signed_in(view: View) -> View:
    """For staff who have given their password; pages show secrets, so nothing keeps them."""

    @never_cache
    @sensitive_post_parameters("code")
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated or not request.user.is_staff:
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return view(request)

    return guarded


def verified(view: View) -> View:
    """For staff who have given their second factor too."""

    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.is_verified():  # type: ignore[union-attr]  # by django-otp's middleware
            return HttpResponseRedirect(reverse("second-factor"))
        return view(request)

    return guarded


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Asks for a code; sets up what is not set up; tells how it stands once a code was given."""
    if request.user.is_verified():  # type: ignore[union-attr]
        left = second_factor.recovery_codes_left(request.user)
        return _page(request, "state", "Second factor", left=left)
    if not second_factor.enrolled(request.user):
        return _enrol(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if second_factor.verify(request, form.cleaned_data["code"]):
            return HttpResponseRedirect(_next(request))
        form.add_error("code", WRONG)
    return _page(request, "verify", "Second factor", form=form)


@verified
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest) -> HttpResponse:
    """Another authenticator instead of the one in use."""
    return _enrol(request)


@verified
@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown once."""
    return _show(request, second_factor.renew_recovery_codes(request.user))


def _enrol(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if codes := second_factor.confirm(request, form.cleaned_data["code"]):
            return _show(request, codes)
        form.add_error("code", WRONG)
    device = second_factor.pending(request.user)  # type: ignore[arg-type]  # signed in
    picture, secret = second_factor.picture(device), second_factor.spelled(device)
    return _page(request, "enrol", "Set up your authenticator", form=form, picture=picture, secret=secret)


def _show(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return _page(request, "codes", "Your recovery codes", codes=codes, next=_next(request))


def _page(request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
    known = {**admin.site.each_context(request), "title": title, **context}
    return render(request, f"operators/{name}.html", known)


def _next(request: HttpRequest) -> str:
    """Where the operator was going, if that is a page of ours."""
    wanted = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else reverse("admin:index")
