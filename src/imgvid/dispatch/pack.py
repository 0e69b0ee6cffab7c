"""A fetched result made ready for Telegram: pictures and videos go different ways, and neither touches a disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from imgvid.catalog import Makes
from imgvid.media.film import plan_video
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import Parcel, plan_picture

Pack: TypeAlias = Callable[[MemoryFile, Makes, bool], Awaitable[Parcel]]
"""What was made, of which kind, and whether it is wanted as a file. Raises media.develop.Unfit."""


async def pack(made: MemoryFile, makes: Makes, as_file: bool) -> Parcel:
    """The least change that the chat needs; the caller closes the parcel, and keeps `made` as long as that is open."""
    if makes is Makes.VIDEO:
        return await plan_video(made)
    return await plan_picture(made.path.read_bytes(), as_file=as_file)
