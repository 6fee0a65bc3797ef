"""The check of handler URLs that placement.bind and event.bind share."""

from urllib.parse import urlsplit

from emulator.errors import ApiError


def check_handler_url(url: str, *, need_dot: bool) -> None:
    """Raises `ApiError` 400: ERROR_WRONG_HANDLER_URL (no host, or one without a dot),
    ERROR_UNSUPPORTED_PROTOCOL (not http or https). REST docs: placement.bind.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ApiError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL") from None
    if not host or (need_dot and "." not in host):
        raise ApiError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if parts.scheme not in {"http", "https"}:
        raise ApiError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
