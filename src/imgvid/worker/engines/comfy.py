"""The real engine: the operator's graph, run by the ComfyUI beside this worker.

    lay the pictures down ▸ bind the graph ▸ run it, tell phases and percent ▸ take the file ▸ forget, wipe, look at memory

The last three happen on every way out: success, failure, deadline, cancel. `worn` says why this worker must be replaced
(ComfyUI died, hangs, or the next job is not expected to fit); the handler then ends the worker after the report.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from uuid import UUID, uuid5

import httpx

from imgvid import log
from imgvid.catalog import Mode, modes
from imgvid.catalog.choices import context
from imgvid.comfy.bind import BindingError
from imgvid.comfy.client import Comfy, Place
from imgvid.comfy.course import run_prompt
from imgvid.comfy.errors import ComfyError, NoOutput, OutOfMemory, ServerGone, Stuck
from imgvid.comfy.frames import Frame
from imgvid.comfy.graph import Graph
from imgvid.comfy.history import Entry, Kind, OutputFile, choose
from imgvid.comfy.jsontypes import Json, as_dict
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.progress import Tracker
from imgvid.comfy.stats import Memory, Stats
from imgvid.comfy.stop import Pace, through_cancels
from imgvid.comfy.workflow import Workflow, WorkflowRefused, apart
from imgvid.jobs.errors import Code
from imgvid.worker.bootstrap.server import Folders
from imgvid.worker.engines.base import EngineFailed, Made, Order, Scalar, Tell
from imgvid.worker.engines.memory import Growth, lower, within_container
from imgvid.worker.engines.shelf import Shelf
from imgvid.worker.engines.workflows import load
from imgvid.worker.thread import in_thread

PACE = Pace(gone_s=2.0)  # beside us: a refused connection is a dead process
_LOOK_EVERY_S = 5.0  # at the memory while a job runs
# The pack writes a PNG with the prompt's text beside every video unless the workflow's own options say no (measured).
_EXTRA: dict[str, Json] = {"extra_pnginfo": {"workflow": {"extra": {"VHS_MetadataImage": False}}}}


class ComfyEngine:
    """Implements `Engine`."""

    name = "comfy"
    picture_px: int | None = None  # the graph resizes by itself, and it shall see what the person sent

    def __init__(
        self,
        *,
        url: str,
        folders: Folders,
        workflows: Mapping[str, Workflow],
        catalogue: Mapping[str, Mode] | None = None,
        facts: Mapping[str, Scalar] | None = None,
        pace: Pace = PACE,
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        """`workflows` by name. `folders` are the server's and nobody else's: everything in them is wiped after a job."""
        self.worn: str | None = None
        self._workflows, self._facts = workflows, dict(facts or {})
        self._catalogue = modes() if catalogue is None else catalogue
        self._shelf, self._pace, self._look_every_s = Shelf(folders), pace, look_every_s
        self._growth = Growth()
        # Made here and not at the first job: loading certificates takes 0.1 s, although none are needed beside us.
        self._http = httpx.AsyncClient(trust_env=False)
        self._server = Comfy(url, http=self._http)
        self._info: ObjectInfo | None = None

    async def close(self) -> None:
        """Let the connections go. Safe to call twice."""
        await self._http.aclose()

    async def make(self, order: Order, tell: Tell) -> Made:
        """Run the mode's graph once. Raises EngineFailed; a cancel comes back when ComfyUI has stopped."""
        workflow = self._workflow(order)
        if self.worn is not None:  # a job taken before the worker could end: another worker makes it
            raise EngineFailed(Code.WORKER_LOST, self.worn)
        prompt_id = prompt_id_of(order)
        server = self._server
        await tell("load", 0)
        try:
            async with self._in_the_end(server, prompt_id):
                stats, info = await self._meet(server)
                graph = await in_thread(partial(self._lay_out, order, workflow, info, prompt_id))
                async with self._watched(server, workflow, stats.memory):
                    entry = await self._run(server, graph, prompt_id, tell)
                    path = await in_thread(partial(self._shelf.take, _result(entry, workflow), order.folder))
        except OutOfMemory as error:
            if self._growth.has_succeeded(workflow.graph_hash):
                self._wear("out of memory with a graph that fitted before")
            raise EngineFailed(error.code, error.detail) from None
        except ComfyError as error:
            if isinstance(error, ServerGone | Stuck):
                self._wear(error.detail)
            raise EngineFailed(error.code, error.detail) from None
        except OSError as error:
            raise EngineFailed(Code.ENGINE_FAILED, f"ComfyUI's folders: {type(error).__name__}") from None
        return Made(path=path, recipe=self._recipe(workflow, graph, prompt_id, stats, entry))

    def _mode(self, order: Order) -> Mode:
        mode = self._catalogue.get(order.mode)
        if mode is None:
            raise EngineFailed(Code.INTERNAL, f"this image is older than the mode {order.mode}")
        return mode

    def _workflow(self, order: Order) -> Workflow:
        mode = self._mode(order)
        name = mode.workflow.of(context(mode, order.params, order.images)) if mode.workflow is not None else None
        workflow = self._workflows.get(str(name))
        if workflow is None:
            raise EngineFailed(Code.INTERNAL, f"no workflow in this image serves the mode {order.mode} ({name})")
        return workflow

    async def _meet(self, server: Comfy) -> tuple[Stats, ObjectInfo]:
        """Look at the server before every job; at the first one, that it keeps its files where we wipe them."""
        stats = await server.stats()
        if self._info is None:
            for kind in ("input", "output", "temp"):
                if not self._shelf.fits(kind, stats.folder(kind)):
                    self._wear(f"ComfyUI keeps its {kind} files elsewhere than COMFY_DIR says")
                    raise EngineFailed(Code.INTERNAL, f"{self.worn}: people's pictures would stay there")
            classes = sorted(set().union(*(workflow.bound_classes() for workflow in self._workflows.values())))
            self._info = ObjectInfo(
                {name: spec for one in classes for name, spec in (await server.object_info(one)).items()}
            )
        return stats, self._info

    def _lay_out(self, order: Order, workflow: Workflow, info: ObjectInfo, prompt_id: str) -> Graph:
        """Pictures on the shelf, values in the graph, a name of its own for every file that it writes."""
        self._shelf.wipe()
        pictures: dict[str, Scalar] = {
            role: self._shelf.put(path, subfolder=prompt_id, name=f"{role}.png") for role, path in order.images.items()
        }
        mode = self._mode(order)
        values = {**order.params, "prompt": mode.prompt_for(str(order.params.get("prompt") or ""), order.params)}
        roles = mode.role_values(context(mode, order.params, order.images), {**values, "seed": order.seed, **pictures})
        try:
            bound = workflow.bind(roles, info)
        except BindingError as error:
            raise EngineFailed(Code.INTERNAL, f"{workflow.name}: {error}") from None
        if bound.notes or bound.unused:
            log.get().info(log.PROMPT_BOUND, prompt=prompt_id, changed=bound.notes, unused=bound.unused)
        return apart(bound.graph, prompt_id)

    async def _run(self, server: Comfy, graph: Graph, prompt_id: str, tell: Tell) -> Entry:
        tracker = Tracker(graph)

        async def watch(frame: Frame) -> None:
            step = tracker.see(frame)
            if step is not None:
                await tell(str(step.phase), step.percent)

        return await run_prompt(
            server, graph.json(), prompt_id=prompt_id, watch=watch, pace=self._pace, extra_data=_EXTRA
        )

    @contextlib.asynccontextmanager
    async def _watched(self, server: Comfy, workflow: Workflow, before: Memory) -> AsyncIterator[None]:
        """Look at the memory beside the job, and after a good one judge whether the next will fit."""
        lowest = within_container(before)

        async def look() -> None:
            nonlocal lowest
            while True:
                await asyncio.sleep(self._look_every_s)
                with contextlib.suppress(ComfyError):
                    lowest = lower(lowest, within_container((await server.stats()).memory))

        looking = asyncio.create_task(look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait({looking})
        try:
            after = within_container((await server.stats()).memory)
        except ComfyError:
            return  # the file is there; what happened to the server shows when it is cleaned
        short = self._growth.add(workflow.graph_hash, within_container(before), lowest, after)
        if short is not None:
            self._wear(short)

    @contextlib.asynccontextmanager
    async def _in_the_end(self, server: Comfy, prompt_id: str) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await through_cancels(asyncio.create_task(self._clean(server, prompt_id)))

    async def _clean(self, server: Comfy, prompt_id: str) -> None:
        """Nothing of the job stays: not its entry, not its files, and it does not run any more."""
        try:
            if await server.place(prompt_id) is not Place.ABSENT:
                self._wear("ComfyUI goes on with a job that was told to stop")
            await server.forget(prompt_id)
        except ComfyError as error:
            if isinstance(error, ServerGone):
                self._wear(error.detail)
            log.get().warning(log.ENGINE_LEFTOVERS, prompt=prompt_id, error=error.detail)
        try:
            await in_thread(self._shelf.wipe)
        except OSError as error:
            log.get().error(log.ENGINE_LEFTOVERS, prompt=prompt_id, error=type(error).__name__)
            self._wear("ComfyUI's folders cannot be wiped")

    def _wear(self, reason: str) -> None:
        """The first reason stays: what follows comes from it."""
        if self.worn is None:
            self.worn = reason
            log.get().warning(log.ENGINE_WORN, reason=reason, then="the worker ends after this job")

    def _recipe(
        self, workflow: Workflow, graph: Graph, prompt_id: str, stats: Stats, entry: Entry
    ) -> dict[str, Scalar]:
        return {
            **workflow.variant(graph),
            "workflow": workflow.name,
            "workflow_origin": workflow.origin,
            "graph": workflow.graph_hash,
            "prompt_id": prompt_id,
            "comfyui": stats.version,
            "gpu": stats.gpu,
            "comfyui_s": None if entry.ran_for is None else round(entry.ran_for.total_seconds(), 3),
            **self._facts,
        }


def from_environ(environ: Mapping[str, str]) -> ComfyEngine:
    """The engine as bootstrap describes it. Raises WorkflowRefused with what is missing.

    COMFY_URL, COMFY_DIR (in, out and tmp of that server, this worker's alone), WORKFLOWS_DIR, WORKER_FACTS (a JSON object
    for every recipe: image, bundle, node lock).
    """
    missing = [name for name in ("COMFY_URL", "COMFY_DIR", "WORKFLOWS_DIR") if not environ.get(name)]
    if missing:
        raise WorkflowRefused(f"not set: {', '.join(missing)}; `imgvid bootstrap` sets them, and starts the worker")
    try:
        facts = as_dict(json.loads(environ.get("WORKER_FACTS") or "{}"))
    except ValueError:
        raise WorkflowRefused("WORKER_FACTS is no JSON object") from None
    workflows = load(Path(environ["WORKFLOWS_DIR"]), modes().values())
    for workflow in workflows.values():
        log.get().info(log.WORKFLOW_LOADED, workflow=workflow.name, origin=workflow.origin, graph=workflow.graph_hash)
    return ComfyEngine(
        url=environ["COMFY_URL"].rstrip("/"),
        folders=Folders(root=Path(environ["COMFY_DIR"])),
        workflows=workflows,
        facts={name: value for name, value in facts.items() if not isinstance(value, dict | list)},
    )


def prompt_id_of(order: Order) -> str:
    """One id for one attempt of one job, so that both logs tell the same story."""
    return str(uuid5(UUID(order.job_id), str(order.attempt)))


def _result(entry: Entry, workflow: Workflow) -> OutputFile:
    file = choose(entry.outputs, Kind.VIDEO, node=workflow.output)
    if file is None:
        raise NoOutput("the graph ended well and made no video")
    return file
