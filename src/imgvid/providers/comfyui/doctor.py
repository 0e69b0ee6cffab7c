"""What `imgvid doctor` asks a ComfyUI server before anybody's job does: who it is, where files land, what is missing there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from imgvid.catalog import Mode
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.client import Comfy
from imgvid.comfy.disk import folders_used, on_disk
from imgvid.comfy.errors import ComfyError, Unauthorized
from imgvid.comfy.finding import Level
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.models import model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.queue import Queue
from imgvid.comfy.stats import Stats
from imgvid.comfy.workflow import Workflow

_GB = 1024**3
_UNSEEN = {"DownloadAndLoadLivePortraitModels": "models/liveportrait"}  # loaders that list no files


@dataclass(slots=True, kw_only=True)
class Examined:
    """Sentences: what is fine, what is worth knowing, what needs a person."""

    fine: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def examine(
    server: Comfy, *, modes: Iterable[Mode], workflows: Mapping[str, Workflow], allow_disk: bool = False
) -> Examined:
    """Ask the server; nothing there changes. `workflows` are those of the modes, by name. Raises nothing."""
    found = Examined()
    try:
        stats, queue = await server.stats(), await server.queue()
        info = await _declared(server, workflows.values())
    except Unauthorized:
        found.problems.append("it does not accept COMFYUI_API_KEY, or wants one")
        return found
    except ComfyError as error:
        found.problems.append(
            f"it does not answer as ComfyUI does ({error.detail}); is it started, is the address right?"
        )
        return found
    found.fine.append(_who(stats))
    (found.notes if len(queue) else found.fine).append(_queue(queue))
    _folders(stats, workflows.values(), allow_disk, found)
    for mode in modes:
        problems = [text for name in mode.workflows for text in _misfits(workflows[name], info)]
        found.problems += [f"mode {mode.id}: {text} docs/comfyui-server.md says what to install." for text in problems]
        if not problems:
            found.fine.append(f"mode {mode.id}: its nodes and model files are there")
            found.notes += [f"mode {mode.id}: {text}" for text in _unseen(mode, workflows)]
    return found


async def _declared(server: Comfy, workflows: Iterable[Workflow]) -> ObjectInfo:
    """The classes of all graphs, as far as the server has them."""
    known: dict[str, Json] = {}
    for name in sorted(frozenset().union(*(one.classes() for one in workflows))):
        known.update(await server.object_info(name))
    return ObjectInfo(known)


def _who(stats: Stats) -> str:
    memory = stats.memory
    return (
        f"ComfyUI {stats.version} on {stats.gpu or 'an unknown device'}, "
        f"{memory.vram_free / _GB:.1f} of {memory.vram_total / _GB:.1f} GB of its memory free"
    )


def _queue(queue: Queue) -> str:
    if not len(queue):
        return "its queue is empty"
    return f"its queue: {len(queue.running)} running, {len(queue.waiting)} waiting; jobs wait until it is empty"


def _folders(stats: Stats, workflows: Iterable[Workflow], allow_disk: bool, found: Examined) -> None:
    used = folders_used(one.graph for one in workflows)
    problems = list(on_disk(stats, used))
    if not problems:
        found.fine.append("people's files stay in memory: " + ", ".join(f"{one} {stats.folder(one)}" for one in used))
    elif allow_disk:
        found.notes += [f"{text} (COMFYUI_ALLOW_DISK=1 accepts it, and /privacy says so)" for text in problems]
    else:
        found.problems += [f"{text}, or accept a disk with COMFYUI_ALLOW_DISK=1" for text in problems]
    if "--disable-metadata" not in stats.argv:
        found.notes.append("it writes prompts into its pictures; start it with --disable-metadata")
    if "--cache-none" not in stats.argv:
        found.notes.append("it keeps what one job made for the next one; start it with --cache-none")


def _misfits(workflow: Workflow, info: ObjectInfo) -> Iterator[str]:
    """What keeps a graph from running there: classes, inputs of other versions, model files."""
    there: set[str] = set()
    for use in model_uses(workflow.graph):
        definition = info.get(use.class_type)
        spec = definition.input(use.input) if definition is not None else None
        there |= {f"{use.folder}/{choice}" for choice in (spec.choices if spec is not None else ())}
    for one in check(workflow.graph, info, Surroundings(files=there, binding=workflow.binding)):
        if one.level is Level.ERROR:
            yield f"{workflow.name}: {f'node {one.node}: ' if one.node else ''}{one.text}"


def _unseen(mode: Mode, workflows: Mapping[str, Workflow]) -> Iterator[str]:
    for name in mode.workflows:
        for loader, folder in _UNSEEN.items():
            if loader in workflows[name].classes():
                yield f"whether {folder} is whole shows only when it runs"
