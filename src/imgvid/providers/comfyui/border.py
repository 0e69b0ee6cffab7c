"""ComfyUI's errors in the words of `providers.base`: what may be concluded, and the failure of the job where that is known."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

from imgvid.comfy import errors as comfy
from imgvid.jobs.errors import Code
from imgvid.providers.base import Broken, Busy, ProviderError, Rejected, Unauthorized, Unreachable


def concluded(what: str, error: comfy.ComfyError) -> ProviderError:
    """What an error lets the caller conclude, a lost answer to a prompt aside (that is resolved where it was sent)."""
    message = f"{what}: {error.detail}"
    found: ProviderError
    match error:
        case comfy.MissingNode() | comfy.MissingModel() | comfy.NoFace() | comfy.OutOfMemory():
            found = Rejected(error.code, error.detail, failure=error.code)
        case comfy.BadInput():
            found = Rejected("refused_by_comfyui", error.detail, failure=_input_failure(error))
        case comfy.NodeFailed() | comfy.NoOutput() | comfy.Interrupted():
            found = Rejected("failed_at_comfyui", error.detail, failure=error.code)
        case comfy.Unauthorized():
            found = Unauthorized(message)
        case comfy.Busy():
            after = error.retry_after_s
            found = Busy(message, retry_after=None if after is None else timedelta(seconds=after))
        case comfy.ServerGone() | comfy.Timeout() | comfy.Stuck():
            found = Unreachable(message)
        case _:
            found = Broken(message)
    return found


def _input_failure(error: comfy.BadInput) -> Code:
    """The person's picture, a value of theirs, or a graph that does not fit the server's nodes: that one is ours."""
    if error.picture:
        return Code.BAD_IMAGE
    return Code.INPUT_REFUSED if error.value else Code.PROVIDER_REJECTED


@contextmanager
def border(what: str) -> Iterator[None]:
    """Raises ProviderError for a ComfyError of its block."""
    try:
        yield
    except comfy.ComfyError as error:
        raise concluded(what, error) from None


async def mapped(what: str, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The same pieces; what breaks them off is a ProviderError."""
    with border(what):
        async for piece in pieces:
            yield piece
