"""People's pictures on their way to the server: read from Telegram, prepared, laid into its temporary folder.

They pass through memory only, and what arrives at the server has no metadata.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping, Sequence

from imgvid.comfy.client import Comfy
from imgvid.jobs.errors import Code
from imgvid.media.develop import Unfit
from imgvid.media.inputs import Source, Still, prepare
from imgvid.providers.base import Picture, ProviderError, Rejected, Unreachable
from imgvid.telegram.errors import FileTooBig, FileUnavailable, TelegramError

Read = Callable[[Picture], Awaitable[bytes]]
"""Brings a picture's bytes from Telegram; may raise its errors."""


def file_name(picture: Picture) -> str:
    """What it is called in its prompt's folder. The server reads what it is from the bytes."""
    return f"{picture.role}.img"


async def lay_down(server: Comfy, pictures: Sequence[Picture], read: Read, *, prompt: str) -> Mapping[str, str]:
    """By role what LoadImage takes. Raises Rejected, Unreachable, ComfyError. Repeating overwrites."""
    if not pictures:
        return {}
    stills = await _prepared([Source(role=one.role, data=await _read(one, read)) for one in pictures])
    laid: dict[str, str] = {}
    for picture in pictures:
        still = stills[picture.role]
        file = io.BytesIO(still.data)
        kept = await server.upload(file, name=file_name(picture), subfolder=prompt, mime=still.media_type)
        laid[picture.role] = kept.value
    return laid


async def _read(picture: Picture, read: Read) -> bytes:
    error: ProviderError
    try:
        return await read(picture)
    except FileTooBig:
        error = _refused(Code.IMAGE_TOO_HEAVY, f"the {picture.role} is above Telegram's 20 MB")
    except FileUnavailable as gone:
        said = f"Telegram does not hand out the {picture.role}"
        error = Unreachable(said) if gone.temporary else _refused(Code.FILE_UNAVAILABLE, said)
    except TelegramError as lost:
        error = Unreachable(f"the {picture.role} could not be read from Telegram ({type(lost).__name__})")
    raise error


async def _prepared(sources: list[Source]) -> Mapping[str, Still]:
    try:
        return await prepare(sources)
    except Unfit as unfit:
        raise _refused(unfit.code, str(unfit)) from unfit
    except OSError as short:  # no memory or no process to spare just now: nothing is wrong with the pictures
        raise Unreachable(f"the pictures could not be prepared ({type(short).__name__})") from short


def _refused(code: Code, said: str) -> Rejected:
    return Rejected(code.value, said, failure=code)
