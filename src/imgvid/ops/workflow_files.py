"""The files and the server that `imgvid workflow` reads and writes. Every trouble becomes a FileTrouble with a sentence."""

from __future__ import annotations

import gzip
import json
import sys
import tomllib
import zlib
from collections.abc import Iterable
from pathlib import Path

from imgvid.bundle import manifest
from imgvid.catalog.read import CatalogError, load_mode
from imgvid.comfy.bind import Binding, BindingError, parse_binding
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text
from imgvid.comfy.locked import LockedPack
from imgvid.comfy.models import LISTED_AS

_TIMEOUT_S = 30.0  # /object_info of a server with nine packs is 2.5 MB; it answers within a second once it is up


class FileTrouble(Exception):
    """A file or server cannot be used; says which and why."""


def read_json(path: Path) -> dict[str, Json]:
    """A JSON object, from .gz too. Raises FileTrouble."""
    try:
        raw = path.read_bytes()
        data = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error
    except (ValueError, EOFError, zlib.error) as error:
        raise FileTrouble(f"{path}: this is no JSON ({error}).") from error
    if not isinstance(data, dict):
        raise FileTrouble(f"{path}: this JSON is no object, so it is neither a workflow nor an object_info.")
    return data


def read_object_info(path: Path) -> dict[str, Json]:
    """A saved `GET /object_info`. Raises FileTrouble where the file is something else."""
    data = read_json(path)
    some = as_dict(next(iter(data.values()), None))
    if "input" not in some or "output" not in some:
        raise FileTrouble(f"{path}: this is no object_info. Save it with: curl SERVER/object_info -o {path.name}")
    return data


def read_toml(path: Path) -> dict[str, object]:
    """Values of a TOML file. Raises FileTrouble."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileTrouble(f"{path}: {error}") from error


def read_binding(path: Path) -> Binding:
    """A binding file. Raises FileTrouble."""
    try:
        return parse_binding(read_toml(path))
    except BindingError as error:
        raise FileTrouble(f"{path}: {error}") from error


def read_mode_roles(path: Path) -> dict[str, bool]:
    """The roles that a mode sets, with whether it always does. Raises FileTrouble."""
    try:
        mode = load_mode(path)
    except CatalogError as error:
        raise FileTrouble(str(error)) from error
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error
    return mode.roles_set()


def read_bundle(path: Path) -> tuple[set[str], set[str]]:
    """Model files of a bundle manifest as `folder/name`: those that will be there, and those that may. Raises FileTrouble."""
    try:
        files = manifest.parse(path.read_text(encoding="utf-8")).files
    except manifest.ManifestRefused as error:
        raise FileTrouble(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileTrouble(f"{path}: {error}") from error
    sure = {f"{file.folder}/{file.name}" for file in files if not file.optional}
    return sure, {f"{file.folder}/{file.name}" for file in files if file.optional}


def read_lock(path: Path) -> dict[str, LockedPack]:
    """The packs of an image's lock, by the folder's lower-case name. Raises FileTrouble."""
    packs: dict[str, LockedPack] = {}
    for raw in as_list(read_toml(path).get("pack")):
        entry = as_dict(raw)
        folder, version = as_text(entry.get("folder")), as_text(entry.get("version"))
        also = frozenset({as_text(entry.get("commit"))})  # files saved from a clone name the commit
        packs[folder.lower()] = LockedPack(folder=folder, version=version, also=also)
    if not packs:
        raise FileTrouble(f"{path}: it has no [[pack]]; this is no nodes.lock.")
    return packs


def write_text(path: Path | None, text: str) -> None:
    """Write a result, to standard output where there is no path. Raises FileTrouble."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileTrouble(f"{path}: {error.strerror or error}") from error


def server_object_info(url: str) -> dict[str, Json]:
    """`GET /object_info` of a running server. Raises FileTrouble."""
    return as_dict(_get(url, "object_info"))


def server_files(url: str, folders: Iterable[str]) -> set[str]:
    """Model files of a running server as `folder/name`, for the folders asked for. Raises FileTrouble.

    A folder that the server does not know (a pack's own, such as RIFE's) is not listed by it and is left out.
    """
    found: set[str] = set()
    for folder in folders:
        for name in LISTED_AS.get(folder, (folder,)):
            listed = _get(url, f"models/{name}", absent=[])
            if isinstance(listed, list):
                found |= {f"{folder}/{file}" for file in listed if isinstance(file, str)}
    return found


def _get(url: str, path: str, absent: Json = None) -> Json:
    import httpx

    address = f"{url.rstrip('/')}/{path}"
    try:
        answer = httpx.get(address, timeout=_TIMEOUT_S)
        if answer.status_code == httpx.codes.NOT_FOUND and absent is not None:
            return absent
        answer.raise_for_status()
        data: Json = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FileTrouble(f"{address}: {type(error).__name__}; is ComfyUI running there?") from error
    return data
