"""Ready means: ComfyUI answers, and every workflow in the image fits what it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import httpx

from imgvid.worker.bootstrap.settings import BootstrapRefused

ObjectInfo = Mapping[str, object]
Check = Callable[[ObjectInfo], list[str]]
"""Given the live object_info: a sentence for everything in the image's workflows that does not fit. Empty: all fit."""

_STEP_S = 0.25  # between two tries; the server needs 6 to 12 s (facts/comfyui.md 8)
_ANSWER_S = 30.0  # /object_info of nine packs is 2 to 3 MB


async def object_info(
    url: str,
    *,
    patience: timedelta,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> ObjectInfo:
    """Ask until ComfyUI answers. Raises BootstrapRefused after `patience`. `clock` counts seconds."""
    until = clock() + patience.total_seconds()
    async with httpx.AsyncClient(timeout=_ANSWER_S, trust_env=False) as http:
        while True:
            last = await _ask(http, f"{url}/object_info")
            if not isinstance(last, str):
                return last
            if clock() >= until:
                waited = f"{patience.total_seconds():.0f} s (COMFY_START_S)"
                raise BootstrapRefused([f"ComfyUI does not answer within {waited}: {last}"])
            await sleep(_STEP_S)


async def _ask(http: httpx.AsyncClient, url: str) -> ObjectInfo | str:
    """The answer, or why there is none yet."""
    try:
        answer = await http.get(url)
        answer.raise_for_status()
        known = answer.json()
    except (httpx.HTTPError, json.JSONDecodeError) as error:
        return f"{type(error).__name__}: {error}"
    if not isinstance(known, dict) or not known:
        return "/object_info is empty"
    return known
