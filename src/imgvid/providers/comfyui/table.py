"""Everything that has to lie ready before a graph may be queued: pictures on the server, the faces in them, the values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from imgvid.catalog.pick import Scalar
from imgvid.comfy.errors import ComfyError
from imgvid.comfy.faces import surroundings
from imgvid.comfy.graph import Graph
from imgvid.comfy.stats import Stats
from imgvid.comfy.workflow import Workflow
from imgvid.providers.base import JobSpec, Unreachable
from imgvid.providers.comfyui import address
from imgvid.providers.comfyui.desk import Desk
from imgvid.providers.comfyui.look import faces_of
from imgvid.providers.comfyui.order import Order, look_graph
from imgvid.providers.comfyui.photos import Read, file_name, lay_down
from imgvid.providers.comfyui.tag import Tag

_WITHIN_S = 60.0  # pictures and the look for faces; the row is held for 90 s (dispatch/pace.py)
_CLEAR_WITHIN_S = 5.0


class Table:
    """Lays jobs out on one server. `cap` bounds how long a prompt may run; `now` is Unix time."""

    def __init__(self, desk: Desk, *, read: Read, cap: timedelta | None, now: Callable[[], float]) -> None:
        self._desk, self._read, self._cap, self._now = desk, read, cap, now

    async def ready(self, order: Order, spec: JobSpec, prompt: str) -> tuple[Graph, Tag]:
        """The graph with the job's values, and what travels with it. Raises ProviderError, ComfyError."""
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await self._ready(order, spec, prompt)
        except TimeoutError:
            raise Unreachable(f"a job's pictures were not ready within {_WITHIN_S:.0f} s") from None

    async def clear(self, order: Order, prompt: str) -> None:
        """Nothing was queued: no picture stays there for it. Best effort."""
        laid = Tag(kind=order.kind, pictures=_names(order))
        with suppress(ComfyError, TimeoutError):
            async with asyncio.timeout(_CLEAR_WITHIN_S):
                await self._desk.server.empty(laid.uploads(prompt))

    async def _ready(self, order: Order, spec: JobSpec, prompt: str) -> tuple[Graph, Tag]:
        desk = self._desk
        stats = await desk.stats()
        info = await desk.declared(order.classes)
        values: dict[str, Scalar] = dict(
            await lay_down(desk.server, order.work.pictures, self._read, prompt=prompt),
        )
        faces: int | None = None
        if order.look is not None:
            look = address.look_id(prompt)
            graph = look_graph(order.look, info, values.get("image"), prompt=look)
            seen = await faces_of(desk, graph, prompt=look, output=order.look.output)
            values |= surroundings(seen)
            faces = len(seen)
        graph = order.graph(info, values, prompt=prompt)
        tag = Tag(
            kind=order.kind,
            output=order.workflow.output,
            until=self._until(spec),
            pictures=_names(order),
            faces=faces,
            recipe=_facts(order.workflow, graph, stats, faces),
        )
        return graph, tag

    def _until(self, spec: JobSpec) -> float | None:
        """Only a limit of ours that is shorter than the job's own is kept here."""
        if self._cap is None or self._cap >= spec.execution_timeout:
            return None
        return self._now() + self._cap.total_seconds()


def _names(order: Order) -> tuple[str, ...]:
    return tuple(file_name(picture) for picture in order.work.pictures)


def _facts(workflow: Workflow, graph: Graph, stats: Stats, faces: int | None) -> dict[str, Scalar]:
    """What makes it again, known before it runs."""
    found: dict[str, Scalar] = {
        **workflow.variant(graph),
        "workflow": workflow.name,
        "graph": workflow.graph_hash,
        "comfyui": stats.version,
        "gpu": stats.gpu,
    }
    return found if faces is None else {**found, "faces": faces}
