"""A Bot API request's parameters, however they came: query, urlencoded, JSON, or multipart with `attach://` parts.

Files are read into memory part by part (aiohttp's own form reader would spool them to disk).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from imgvid.sandbox.telegram.errors import ApiError, bad
from imgvid.sandbox.telegram.files import MAX_UPLOAD_BYTES
from imgvid.sandbox.telegram.jsons import JsonObject, as_flag, as_int, as_list, as_object, as_text, loads

_CHUNK = 1 << 20  # more than aiohttp buffers: with less, its reader hands back what is too much, in a deprecated way
_SLACK = 1 << 20  # what the form itself may weigh beside its one big file
Pace = Callable[[Mapping[str, object]], float | None]  # the fields so far -> bytes per second, or as fast as it comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file part: its bytes, name and declared type."""

    data: bytes
    filename: str | None
    content_type: str | None


@dataclass(slots=True, kw_only=True)
class Params:
    """Fields as text or JSON, and the file parts by name. `bytes_in` counts the body."""

    fields: JsonObject = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)
    bytes_in: int = 0

    def has(self, name: str) -> bool:
        return self.fields.get(name) not in (None, "")

    def text(self, name: str) -> str:
        return as_text(self.fields.get(name))

    def flag(self, name: str) -> bool:
        return as_flag(self.fields.get(name))

    def integer(self, name: str, default: int = 0, low: int | None = None, high: int | None = None) -> int:
        """As the server's get_integer_arg: what is no number is the default, and the bounds clamp."""
        value = as_int(self.fields.get(name))
        value = default if value is None else value
        value = value if low is None else max(low, value)
        return value if high is None else min(high, value)

    def json(self, name: str) -> object:
        """A field that holds JSON, as an object or as its text; None where absent. Raises ValueError."""
        value = self.fields.get(name)
        if isinstance(value, str):
            return loads(value) if value.strip() else None
        return value

    def mapping(self, name: str) -> JsonObject | None:
        try:
            value = self.json(name)
        except ValueError:
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None
        return as_object(value)

    def array(self, name: str) -> list[object] | None:
        try:
            value = self.json(name)
        except ValueError:
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None
        return as_list(value)

    def upload(self, name: str) -> Upload | None:
        """The part called `name`, or the one that the field points at with attach://."""
        value = self.text(name)
        if value.startswith("attach://"):
            return self.attached(value)
        found = self.files.get(name)
        return found[0] if found else None

    def attached(self, reference: str) -> Upload | None:
        found = self.files.get(reference.removeprefix("attach://"))
        return found[0] if found else None

    @property
    def chat_id(self) -> int | None:
        return as_int(self.fields.get("chat_id"))

    @property
    def message_id(self) -> int | None:
        return as_int(self.fields.get("message_id"))


async def read_params(request: web.Request, pace: Pace | None = None) -> Params:
    """Everything the request says. Raises ApiError 400 for bad JSON and 413 above 50 MB."""
    params = Params(fields=dict(request.query))
    if request.content_length is not None and request.content_length > MAX_UPLOAD_BYTES + _SLACK:
        raise ApiError(413, "Request Entity Too Large")
    if not request.can_read_body:
        return params
    kind = request.content_type
    if kind.startswith("multipart/"):
        await _read_multipart(request, params, pace)
        return params
    body = await request.read()
    params.bytes_in = len(body)
    if kind == "application/json":
        try:
            parsed = as_object(loads(body)) if body.strip() else {}
        except ValueError:
            parsed = None
        if parsed is None:
            raise bad("object expected as request body")
        params.fields |= parsed
    elif body:
        params.fields |= dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return params


async def _read_multipart(request: web.Request, params: Params, pace: Pace | None) -> None:
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                continue
            bytes_per_s = pace(params.fields) if pace is not None and part.filename else None
            data = await _read_part(request, part, bytes_per_s)
            params.bytes_in += len(data)
            name = part.name or ""
            if part.filename is None:
                params.fields[name] = data.decode(errors="replace")
            else:
                upload = Upload(data=data, filename=part.filename, content_type=part.headers.get("Content-Type"))
                params.files.setdefault(name, []).append(upload)
    except (ValueError, AssertionError) as error:
        raise bad("can't parse the request body") from error


async def _read_part(request: web.Request, part: BodyPartReader, bytes_per_s: float | None) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > MAX_UPLOAD_BYTES:
            raise ApiError(413, "Request Entity Too Large")
        if bytes_per_s is not None:
            await _travel(request, len(chunk) / bytes_per_s)
    return bytes(data)


async def _travel(request: web.Request, seconds: float) -> None:
    """The time that these bytes take; a sender that goes away meanwhile has not sent them. Raises ConnectionResetError."""
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    while (left := until - clock()) > 0:
        if request.transport is None or request.transport.is_closing():
            raise ConnectionResetError("the sender went away while its upload travelled")
        await asyncio.sleep(min(0.05, left))
