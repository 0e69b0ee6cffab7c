"""A job's input as it arrives from the provider, parsed into types before anything else happens.

Version 1 is what jobs/model.py writes. Version 0 (and an input without `v`) had no `short` and no `deadline`; it is
still taken, because a queue may hold it while the dispatcher is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from imgvid.jobs.model import PAYLOAD_VERSION
from imgvid.worker.engines.base import Scalar

VERSIONS = (PAYLOAD_VERSION, PAYLOAD_VERSION - 1)
_ROLES = ("image", "last")
_KINDS = ("photo", "document")


class BadRequest(Exception):
    """The input is not what the contract says; names every field that is wrong, and none of the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One input picture as Telegram knows it."""

    role: str
    file_id: str
    kind: str
    has_spoiler: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One attempt of one job. `short` is None for version 0: then there are no buttons."""

    v: int
    job_id: UUID
    short: str | None
    attempt: int
    mode: str
    params: Mapping[str, Scalar]
    seed: int
    chat_id: int
    message_id: int
    inputs: tuple[Picture, ...]
    locale: str
    deadline: datetime | None  # aware UTC

    @property
    def shown_id(self) -> str:
        return self.short or str(self.job_id)[:8]

    @property
    def prompt(self) -> str:
        return str(self.params.get("prompt") or "")

    @property
    def has_spoiler(self) -> bool:
        """A result is hidden like the photo that it came from."""
        return any(picture.has_spoiler for picture in self.inputs)


def parse(raw: object) -> Request:
    """Read the provider's `input`. Raises BadRequest naming all wrong fields at once."""
    if not isinstance(raw, Mapping):
        raise BadRequest("input is no object")
    reader = _Reader(raw)
    version = reader.integer("v", default=0)
    if version not in VERSIONS:
        raise BadRequest(f"version {version}; this worker knows {' and '.join(map(str, VERSIONS))}")
    request = Request(
        v=version,
        job_id=reader.uuid("job_id"),
        short=reader.text("short") if raw.get("short") is not None else None,
        attempt=reader.integer("attempt"),
        mode=reader.text("mode"),
        params=reader.params("params"),
        seed=reader.integer("seed"),
        chat_id=reader.integer("chat_id"),
        message_id=reader.integer("message_id"),
        inputs=reader.inputs("inputs"),
        locale=reader.text("locale", default="en"),
        deadline=reader.moment("deadline") if raw.get("deadline") is not None else None,
    )
    if version >= 1:
        reader.present("short", "deadline")
    reader.finish()
    return request


class _Reader:
    """Reads fields and collects what is wrong with them."""

    def __init__(self, raw: Mapping[object, object]) -> None:
        self._raw = raw
        self._wrong: list[str] = []

    def finish(self) -> None:
        if self._wrong:
            raise BadRequest("; ".join(sorted(set(self._wrong))))

    def present(self, *names: str) -> None:
        self._wrong += [f"{name} is missing" for name in names if self._raw.get(name) is None]

    def integer(self, name: str, *, default: int | None = None) -> int:
        value = self._raw.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong.append(f"{name} is no integer")
        return 0

    def text(self, name: str, *, default: str | None = None) -> str:
        value = self._raw.get(name, default)
        if isinstance(value, str) and 0 < len(value) <= 200:
            return value
        self._wrong.append(f"{name} is no text of 1 to 200 characters")
        return ""

    def uuid(self, name: str) -> UUID:
        """A canonical UUID and nothing else: it becomes the name of a folder."""
        value = self._raw.get(name)
        try:
            parsed = UUID(value) if isinstance(value, str) else None
        except ValueError:
            parsed = None
        if parsed is None or str(parsed) != str(value).lower():
            self._wrong.append(f"{name} is no UUID")
            return UUID(int=0)
        return parsed

    def moment(self, name: str) -> datetime:
        """ISO 8601 with an offset, or seconds since 1970."""
        value = self._raw.get(name)
        try:
            if isinstance(value, str):
                parsed = datetime.fromisoformat(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                parsed = datetime.fromtimestamp(value, UTC)
            else:
                parsed = None
        except (ValueError, OverflowError, OSError):
            parsed = None
        if parsed is None or parsed.tzinfo is None:
            self._wrong.append(f"{name} is no time with an offset")
            return datetime.fromtimestamp(0, UTC)
        return parsed.astimezone(UTC)

    def params(self, name: str) -> Mapping[str, Scalar]:
        value = self._raw.get(name, {})
        if not isinstance(value, Mapping):
            self._wrong.append(f"{name} is no object")
            return {}
        found: dict[str, Scalar] = {}
        for key, item in value.items():
            if isinstance(key, str) and (item is None or isinstance(item, str | int | float | bool)):
                found[key] = item
            else:
                self._wrong.append(f"{name} holds something that is no scalar")
        return found

    def inputs(self, name: str) -> tuple[Picture, ...]:
        value = self._raw.get(name, [])
        if not isinstance(value, list):
            self._wrong.append(f"{name} is no list")
            return ()
        found = []
        for number, item in enumerate(value):
            if not isinstance(item, Mapping):
                self._wrong.append(f"{name}[{number}] is no object")
                continue
            inner = _Reader(item)
            picture = Picture(
                role=inner.text("role"),
                file_id=inner.text("file_id"),
                kind=inner.text("kind", default="photo"),
                has_spoiler=item.get("has_spoiler") is True,
            )
            if picture.role not in _ROLES or picture.kind not in _KINDS:
                inner._wrong.append(f"role is one of {', '.join(_ROLES)} and kind one of {', '.join(_KINDS)}")
            self._wrong += [f"{name}[{number}].{problem}" for problem in inner._wrong]
            found.append(picture)
        if len({picture.role for picture in found}) != len(found):
            self._wrong.append(f"{name} names a role twice")
        return tuple(found)
