"""disk.*: reading a chat's files; values are strings (REST docs: disk.folder.getchildren, disk.file.get)."""

from typing import Any
from urllib.parse import urlencode

from emulator.clock import iso
from emulator.dialogs import may_read
from emulator.errors import ApiError
from emulator.params import Params, as_text
from emulator.rest.registry import Answer, Call, Caller, method, paginate
from emulator.state import DiskItem

DOWNLOAD_TOKEN = "disk|"


@method("disk.folder.getchildren", "disk")
def folder_get_children(call: Call) -> Answer:
    """What lies in a folder; empty for whoever may not read it."""
    folder = _item(call, "folder")
    items = [item for item in call.portal.disk.values() if item.parent_id == folder.id]
    if not _readable(call.caller, folder):
        items = []
    wanted = Params(call.params.array("filter") or {})
    for name in ("NAME", "TYPE", "ID"):
        if name in wanted:
            items = [item for item in items if _strings(call.caller, item)[name] == wanted.text(name)]
    for field, direction in reversed((call.params.array("order") or {"ID": "ASC"}).items()):
        items.sort(key=_order(field), reverse=as_text(direction).upper() == "DESC")
    page = paginate(items, call.params.integer("start"))
    page.result = [_strings(call.caller, item) for item in page.result]
    return page


@method("disk.folder.get", "disk")
def folder_get(call: Call) -> dict[str, Any]:
    """One folder."""
    return _one(call, "folder")


@method("disk.file.get", "disk")
def file_get(call: Call) -> dict[str, Any]:
    """One file."""
    return _one(call, "file")


def download(caller: Caller, params: Params) -> bytes:
    """Content of a file by the `token` of its DOWNLOAD_URL. Raises `ApiError` 400 or 403."""
    number = params.text("token").removeprefix(DOWNLOAD_TOKEN)
    item = caller.portal.disk.get(int(number)) if number.isdigit() else None
    if item is None or item.type != "file":
        raise ApiError(400, "ERROR_NOT_FOUND", f"Could not find entity with id `{number}`")
    if not _readable(caller, item):
        raise ApiError(403, "ACCESS_DENIED", "Access denied")
    return item.text.encode()


def _one(call: Call, kind: str) -> dict[str, Any]:
    item = _item(call, kind)
    if not _readable(call.caller, item):
        raise ApiError(400, "ACCESS_DENIED", "Access denied")
    return _strings(call.caller, item)


def _item(call: Call, kind: str) -> DiskItem:
    text = call.params.text("id")
    if not text.isdigit():
        raise ApiError(400, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #1}", argument="id")
    item = call.portal.disk.get(int(text))
    if item is None or item.type != kind:
        raise ApiError(400, "ERROR_NOT_FOUND", f"Could not find entity with id `{text}`")
    return item


def _readable(caller: Caller, item: DiskItem) -> bool:
    """A chat's folder follows the chat's access; other folders belong to the company."""
    ancestors = {item.id}
    while item.parent_id:
        item = caller.portal.disk[item.parent_id]
        ancestors.add(item.id)
    owners = [chat for chat in caller.portal.chats.values() if chat.disk_folder_id in ancestors]
    if owners:
        return any(may_read(caller.portal, caller.user, chat) for chat in owners)
    return caller.user.kind == "employee"


def _strings(caller: Caller, item: DiskItem) -> dict[str, Any]:
    common: dict[str, Any] = {
        "ID": str(item.id),
        "NAME": item.name,
        "CODE": None,
        "STORAGE_ID": "1",
        "TYPE": item.type,
        "PARENT_ID": str(item.parent_id),
        "DELETED_TYPE": "0",
        "CREATE_TIME": iso(item.created_at),
        "UPDATE_TIME": iso(item.created_at),
        "CREATED_BY": str(item.created_by),
        "UPDATED_BY": str(item.created_by),
        "DETAIL_URL": f"{caller.portal.url}/docs/{item.type}/{item.id}/",
    }
    if item.type == "folder":
        return common | {"REAL_OBJECT_ID": str(item.id)}
    query = urlencode({"auth": caller.access_token, "token": f"{DOWNLOAD_TOKEN}{item.id}"})
    return common | {
        "GLOBAL_CONTENT_VERSION": "1",
        "FILE_ID": str(item.id),
        "SIZE": str(item.size),
        "DOWNLOAD_URL": f"{caller.portal.client_endpoint}download.json?{query}",
    }


def _order(field: str) -> Any:
    attribute = {"ID": "id", "NAME": "name", "SIZE": "size", "CREATE_TIME": "created_at"}.get(
        field.upper(), "id"
    )
    return lambda item: getattr(item, attribute)
