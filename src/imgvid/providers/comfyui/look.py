"""Where the faces of a picture are, before its animation is queued: a small graph of its own, run to its end.

It belongs to nobody's row, so it is never left behind: whatever ends the wait ends the prompt as well.
"""

from __future__ import annotations

import asyncio
import contextlib

from imgvid.comfy.client import Comfy
from imgvid.comfy.errors import BadAnswer, ComfyError, NoFace, ServerGone, Timeout
from imgvid.comfy.faces import Box, FacesUnreadable, read_faces
from imgvid.comfy.graph import Graph
from imgvid.comfy.history import Ended, Entry, Kind
from imgvid.comfy.jsontypes import as_dict, as_list, as_text
from imgvid.comfy.queue import Place
from imgvid.comfy.stop import Pace, stop_prompt, through_cancels
from imgvid.comfy.verdicts import failure, interruption
from imgvid.providers.comfyui.desk import Desk
from imgvid.providers.comfyui.tag import Tag

WITHIN_S = 30.0  # measured: a second; the first one after a start also loads its model
_LOOK_EVERY_S = 0.1
_PACE = Pace(stop_s=5.0)


async def faces_of(desk: Desk, graph: Graph, *, prompt: str, output: str | None) -> tuple[Box, ...]:
    """The faces, largest first, at least one. Raises NoFace, other ComfyErrors, OutcomeUnknown."""
    server = desk.server
    try:
        await desk.send(graph.json(), prompt=prompt, extra=Tag(kind=Kind.IMAGE).extra_data())
        try:
            async with asyncio.timeout(WITHIN_S):
                entry = await _entry(server, prompt)
        except TimeoutError:
            raise Timeout(f"no answer about faces within {WITHIN_S:.0f} s") from None
    except BaseException:
        await through_cancels(asyncio.create_task(_stop(server, prompt)))
        raise
    await server.forget(prompt)
    found = read(entry, output)
    if not found:
        raise NoFace("the look for faces found none")
    return found


def read(entry: Entry, output: str | None) -> tuple[Box, ...]:
    """The faces that an entry tells of, largest first. Raises ComfyError."""
    if entry.ended is Ended.INTERRUPTED:
        raise interruption(entry.last)
    if entry.ended is Ended.ERROR:
        raise failure(entry.last)
    texts = as_list(as_dict(entry.outputs.get(output or "")).get("text"))
    try:
        return read_faces(as_text(texts[0] if texts else None))
    except FacesUnreadable as error:
        raise BadAnswer(str(error)) from None


async def _entry(server: Comfy, prompt: str) -> Entry:
    while True:
        place = await server.place(prompt)  # before the history: the server writes that first
        entry = await server.history(prompt)
        if entry is not None:
            return entry
        if place is Place.ABSENT:
            raise ServerGone("the server lost the look for faces: it was restarted")
        await asyncio.sleep(_LOOK_EVERY_S)


async def _stop(server: Comfy, prompt: str) -> None:
    """Best effort: the next attempt of the job looks for it again."""
    with contextlib.suppress(ComfyError):
        await stop_prompt(server, prompt, _PACE)
        await server.forget(prompt)
