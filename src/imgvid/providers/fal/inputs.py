"""The pictures of a job on their way to Fal: read from Telegram, prepared, uploaded. Only ProviderError leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from imgvid.catalog.mode import Mode
from imgvid.jobs.errors import Code
from imgvid.media.develop import Unfit
from imgvid.media.inputs import Source, Still, prepare
from imgvid.providers.base import Picture, ProviderError, Rejected, Unreachable, Work
from imgvid.providers.fal.request import ratio_for
from imgvid.providers.fal.storage import Storage
from imgvid.telegram.errors import FileTooBig, FileUnavailable, TelegramError

Read = Callable[[Picture], Awaitable[bytes]]
MASK = "mask"  # the role of a picture that is drawn over the one before it


async def addresses(
    mode: Mode, work: Work, *, read: Read, storage: Storage, lifetime: timedelta, what: str
) -> Mapping[str, str]:
    """For each role the address at which a model reads its picture. Nothing is kept here afterwards."""
    if not work.pictures:
        return {}
    stills = await _prepared([await _source(mode, work, picture, read, what) for picture in in_order(mode, work)], what)
    return {
        role: await storage.upload(still, name=role, lifetime=lifetime, what=f"{what}: upload of {role}")
        for role, still in stills.items()
    }


def in_order(mode: Mode, work: Work) -> list[Picture]:
    """The pictures in the order of the mode's file: a mask comes after what it is drawn over."""
    places = {rule.role: place for place, rule in enumerate(mode.inputs)}
    return sorted((one for one in work.pictures if one.role in places), key=lambda one: places[one.role])


async def _source(mode: Mode, work: Work, picture: Picture, read: Read, what: str) -> Source:
    rule = mode.input(picture.role)
    assert rule is not None
    error: ProviderError
    try:
        data = await read(picture)
        return Source(role=rule.role, data=data, ratio=ratio_for(rule, work), is_mask=rule.role == MASK)
    except FileTooBig:
        error = _refused(Code.IMAGE_TOO_HEAVY, f"{what}: the {rule.role} is above Telegram's 20 MB")
    except FileUnavailable as gone:
        said = f"{what}: Telegram does not hand out the {rule.role}"
        error = Unreachable(said) if gone.temporary else _refused(Code.FILE_UNAVAILABLE, said)
    except TelegramError as lost:
        error = Unreachable(f"{what}: the {rule.role} could not be read from Telegram ({type(lost).__name__})")
    raise error


async def _prepared(sources: list[Source], what: str) -> Mapping[str, Still]:
    try:
        return await prepare(sources)
    except Unfit as unfit:
        raise _refused(unfit.code, str(unfit)) from unfit
    except OSError as short:  # no memory or no process to spare just now: nothing is wrong with the pictures
        raise Unreachable(f"{what}: the pictures could not be prepared ({type(short).__name__})") from short


def _refused(code: Code, said: str) -> Rejected:
    return Rejected(code.value, said, failure=code)
