"""Who looks at which portal in which language: what every page and endpoint begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request

from emulator.state import Portal, User, World

# Bitrix24's language codes, as LANG carries them (REST docs: placement.bind, LANG_ALL).
LANGUAGES: Final = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "la": "Español",
    "br": "Português",
    "it": "Italiano",
    "pl": "Polski",
    "tr": "Türkçe",
    "ru": "Русский",
    "ua": "Українська",
    "kz": "Қазақша",
    "ja": "日本語",
    "sc": "简体中文",
    "tc": "繁體中文",
    "th": "ไทย",
    "vn": "Tiếng Việt",
    "id": "Bahasa Indonesia",
    "ms": "Bahasa Melayu",
    "in": "हिन्दी",
    "ar": "العربية",
}


class Refused(Exception):
    """The page says `text` and answers with HTTP `status`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Desk:
    """A viewer at the portal. `language` is a Bitrix24 code and steers what applications are told."""

    world: World
    portal: Portal
    viewer: User
    language: str

    @classmethod
    def of(cls, request: Request, params: Mapping[str, Any]) -> "Desk":
        """From the parameters `as` (user id) and `lang`.

        Raises `Refused`: 404 for nobody, 403 for whoever may not enter.
        """
        portal: Portal = request.state.portal
        viewer_id = str(params.get("as", ""))
        viewer = portal.users.get(int(viewer_id)) if viewer_id.isdecimal() else None
        if viewer is None:
            raise Refused(404, "Nobody on this portal has that number.")
        if viewer.kind == "dismissed":
            raise Refused(403, f"{viewer.full_name} is dismissed and cannot enter the portal any more.")
        if viewer.kind == "bot":
            raise Refused(403, f"{viewer.full_name} is a bot and has no screen.")
        wanted = str(params.get("lang", ""))
        language = wanted if wanted in LANGUAGES else portal.language
        return cls(request.state.emulator.world, portal, viewer, language)

    def link(self, path: str, **params: str) -> str:
        """An address of this portal for the same person and language."""
        return f"{path}?{urlencode({'as': self.viewer.id, 'lang': self.language, **params})}"
