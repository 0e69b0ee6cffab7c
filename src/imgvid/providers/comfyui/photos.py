"""People's pictures on their way to the server: read from Telegram, decoded within limits, laid into its temporary folder.

They pass through memory only, and what arrives at the server has no metadata.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Mapping
from typing import Protocol

from imgvid.comfy.client import Comfy
from imgvid.jobs.errors import Code
from imgvid.media.image import ImageError, open_picture
from imgvid.media.limits import IMAGE_LIMITS
from imgvid.providers.base import Picture, Rejected, Unreachable
from imgvid.telegram.errors import FileTooBig, FileUnavailable, TelegramError

LONGEST_PX = 2048  # graphs scale to 1024 and less; twice that leaves them a choice of filter


class Files(Protocol):
    """Where pictures are read from."""

    async def read(self, file_id: str, *, max_bytes: int) -> bytes:
        """The bytes of a file. Raises TelegramError."""
        ...


def file_name(picture: Picture) -> str:
    """What it is called in its prompt's folder."""
    return f"{picture.role}.png"


async def lay_down(server: Comfy, pictures: Iterable[Picture], files: Files, *, prompt: str) -> Mapping[str, str]:
    """By role what LoadImage takes. Raises Rejected, Unreachable, ComfyError. Repeating overwrites."""
    laid: dict[str, str] = {}
    for picture in pictures:
        data = await _read(picture, files)
        try:
            png = await asyncio.to_thread(_ready, data)
        except ImageError as error:
            raise Rejected("picture", f"{picture.role}: {error}", failure=error.code) from None
        kept = await server.upload(io.BytesIO(png), name=file_name(picture), subfolder=prompt)
        laid[picture.role] = kept.value
    return laid


async def _read(picture: Picture, files: Files) -> bytes:
    try:
        return await files.read(picture.file_id, max_bytes=IMAGE_LIMITS.max_bytes)
    except FileTooBig as error:
        raise Rejected("picture", str(error), failure=Code.IMAGE_TOO_HEAVY) from None
    except FileUnavailable as error:
        if error.temporary:
            raise Unreachable(f"picture: {error}") from None
        raise Rejected("picture", str(error), failure=Code.FILE_UNAVAILABLE) from None
    except TelegramError as error:
        raise Unreachable(f"picture: {error}") from None


def _ready(data: bytes) -> bytes:
    """Upright pixels and nothing else."""
    buffer = io.BytesIO()
    open_picture(data, want_px=LONGEST_PX).image.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
