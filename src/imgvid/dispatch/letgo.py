"""What a provider keeps of an attempt that ended without a result: prompts, pictures. Nobody will ask for it again."""

from __future__ import annotations

import contextlib

from imgvid.providers.base import Fetching, ProviderError, RequestId


async def let_go(provider: object, request: str | None) -> None:
    """Have it dropped. Best effort: what cannot be reached now is dropped by the provider's own rules."""
    if request is not None and isinstance(provider, Fetching):
        with contextlib.suppress(ProviderError):
            await provider.forget(RequestId(request))
