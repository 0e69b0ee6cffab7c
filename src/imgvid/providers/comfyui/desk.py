"""One server as the provider handles it: what it is, what it may do for us, and how a prompt gets into its queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from imgvid import log
from imgvid.comfy.client import Comfy, Queue
from imgvid.comfy.disk import on_disk
from imgvid.comfy.errors import BadAnswer, ComfyError, MissingNode, ServerGone
from imgvid.comfy.history import files
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.queue import Place
from imgvid.comfy.stats import Stats
from imgvid.providers import base
from imgvid.providers.comfyui.tag import parse_tag

CLIENT = "imgvid"  # no socket listens: frames that belong to nobody would go to everybody's
_KNOWN_FOR_S = 15.0  # a restart with other arguments is seen soon enough
_ASKS, _ASK_EVERY_S = 4, 0.3  # for a prompt whose answer was lost
_LEFT_BY = 4  # so many of the latest prompts of earlier attempts may have left files


class Desk:
    """`folders` of the server get people's files; they must be memory unless `allow_disk`."""

    def __init__(
        self,
        server: Comfy,
        *,
        folders: Iterable[str],
        allow_disk: bool,
        busy_first: timedelta,
        busy_top: timedelta = timedelta(seconds=15),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server = server
        self._folders, self._allow_disk = tuple(folders), allow_disk
        self._busy_first, self._busy_top, self._clock = busy_first, max(busy_first, busy_top), clock
        self._stats: tuple[float, Stats] | None = None
        self._busy_since: float | None = None
        self._told_disk = False

    async def stats(self) -> Stats:
        """What the server is; asked again after some seconds. Raises ComfyError."""
        now = self._clock()
        if self._stats is None or now - self._stats[0] >= _KNOWN_FOR_S:
            self._stats = (now, await self.server.stats())
        return self._stats[1]

    async def admit(self) -> None:
        """Raises UnsafeDisk where people's files would land on a disk, and ComfyError."""
        problems = list(on_disk(await self.stats(), self._folders))
        if not problems:
            return
        self._stats = None  # who starts it anew with other folders is believed at once
        if not self._allow_disk:
            raise base.UnsafeDisk(
                f"people's pictures would lie on the ComfyUI server's disk: {'; '.join(problems)} "
                "(docs/comfyui-server.md), or accept it with COMFYUI_ALLOW_DISK=1"
            )
        if not self._told_disk:
            self._told_disk = True
            log.get().warning(log.DISK_ALLOWED, problems=problems, next="used all the same: COMFYUI_ALLOW_DISK=1")

    async def clear(self, prompts: Iterable[str]) -> None:
        """End and forget what earlier attempts of a job may have left. Raises ComfyError."""
        left = tuple(prompts)
        if not left:
            return
        queue = await self.server.queue()
        for prompt in left:
            if queue.place(prompt) is not Place.ABSENT:
                await self.server.cancel(prompt)
        for prompt in left[:_LEFT_BY]:
            await forget(self.server, prompt)
        await self.server.forget(*left)

    async def free(self) -> None:
        """Raises Busy while anybody's prompt runs or waits, with a wait that grows while that lasts; and ComfyError."""
        queue: Queue = await self.server.queue()
        now = self._clock()
        if not len(queue):
            self._busy_since = None
            return
        if self._busy_since is None:
            self._busy_since = now
        lasts = timedelta(seconds=now - self._busy_since)
        wait = min(self._busy_top, max(self._busy_first, lasts / 4))
        raise base.Busy(f"the ComfyUI server has {len(queue)} prompt(s) in its queue", retry_after=wait)

    async def declared(self, classes: Iterable[str]) -> ObjectInfo:
        """What the server says about these node classes. Raises MissingNode for one that it does not have."""
        known: dict[str, Json] = {}
        for name in sorted(classes):
            found = await self.server.object_info(name)
            if name not in found:
                raise MissingNode(f"no node class {name}")
            known.update(found)
        return ObjectInfo(known)

    async def send(self, graph: Mapping[str, Json], *, prompt: str, extra: Mapping[str, Json]) -> None:
        """Queue a prompt, once. Raises OutcomeUnknown, Unreachable (surely not there), and ComfyError."""
        try:
            await self.server.submit(graph, prompt_id=prompt, client_id=CLIENT, extra_data=extra)
        except (ServerGone, BadAnswer) as error:
            if isinstance(error, ServerGone) and not error.maybe_sent:
                raise
            lost = error
        else:
            return
        known = await self._is_known(prompt)
        if known is None:
            raise base.OutcomeUnknown(
                f"prompt {prompt}: {lost.detail}, and nobody answers who could say whether it runs"
            )
        if not known:
            raise lost if isinstance(lost, BadAnswer) else ServerGone(f"{lost.detail}; the prompt is not there")

    async def _is_known(self, prompt: str) -> bool | None:
        """Whether the server has the prompt; asked a few times, for it may be slow with what it has taken. None: no answer."""
        answered: bool | None = None
        for turn in range(_ASKS):
            if turn:
                await asyncio.sleep(_ASK_EVERY_S)
            try:
                place = await self.server.place(prompt)  # before the history: the server writes that first
                if place is not Place.ABSENT or await self.server.history(prompt) is not None:
                    return True
                answered = False
            except ComfyError:
                continue
        return answered


async def forget(server: Comfy, prompt: str) -> None:
    """Empty a prompt's files and drop its entry. Idempotent. Raises ComfyError."""
    entry = await server.history(prompt)
    if entry is None:
        return
    tag = parse_tag(entry.extra)
    if tag is not None:
        await server.empty((*files(entry.outputs), *tag.uploads(prompt)))
    await server.forget(prompt)
