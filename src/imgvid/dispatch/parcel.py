"""A fetched result on its way to the chat: as it came, and as it goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from imgvid.catalog import Makes
from imgvid.catalog.pick import Scalar
from imgvid.jobs.errors import Code
from imgvid.telegram.outgoing import Outgoing

MAX_BYTES = 50_000_000  # Telegram's limit for an upload of a bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A result made ready for Telegram. `facts` go into the job's result, `recipe` says what was done to the file."""

    media: Outgoing
    facts: Mapping[str, Scalar]
    recipe: Mapping[str, Scalar]


class Unpackable(Exception):
    """A file that cannot be sent. `code` is the job's failure."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A fetched file and how it is wanted."""

    data: bytearray
    makes: Makes
    as_file: bool
    name: str  # without an ending
    has_spoiler: bool


Pack = Callable[[Parcel], Awaitable[Packed]]
"""Makes a parcel ready. Raises Unpackable."""
