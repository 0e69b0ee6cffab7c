"""What `imgvid doctor` asks a ComfyUI server: what it is, where people's files would lie, and whether our graphs fit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imgvid.comfy.bind import BindingError
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.client import Comfy
from imgvid.comfy.disk import folders_used, on_disk
from imgvid.comfy.finding import Level
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.models import LISTED_AS, model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.workflow import Workflow

_UNLISTED = {"DownloadAndLoadLivePortraitModels": "models/liveportrait"}  # loaders that tell nobody their files


async def check_server(server: Comfy, workflows: Mapping[str, Workflow], *, allow_disk: bool) -> tuple[str, list[str]]:
    """What the server is, in words, and a sentence for everything that would stop a job. Raises ComfyError."""
    stats = await server.stats()
    troubles: list[str] = []
    if not allow_disk:
        lies = list(on_disk(stats, folders_used(one.graph for one in workflows.values())))
        troubles += [f"people's pictures would lie on its disk: {one} (docs/comfyui-server.md)" for one in lies]
    known: dict[str, Json] = {}
    for name in sorted({name for one in workflows.values() for name in one.classes()}):
        known.update(await server.object_info(name))
    files = await _files(server, {use.folder for one in workflows.values() for use in model_uses(one.graph)})
    for one in workflows.values():
        troubles += misfits(one, ObjectInfo(known), files)
    return f"ComfyUI {stats.version} on {stats.gpu or stats.device_type}", troubles


async def remarks(server: Comfy, workflows: Mapping[str, Workflow], *, allow_disk: bool) -> list[str]:
    """A sentence for everything that stops no job and that its operator should know. Raises ComfyError."""
    stats, queue = await server.stats(), await server.queue()
    said: list[str] = []
    if len(queue):
        said.append(
            f"{len(queue.running)} prompts run there and {len(queue.waiting)} wait; jobs wait until none is left"
        )
    if allow_disk:
        lies = on_disk(stats, folders_used(one.graph for one in workflows.values()))
        said += [f"people's pictures lie on its disk, which COMFYUI_ALLOW_DISK=1 accepts: {one}" for one in lies]
    if "--disable-metadata" not in stats.argv:
        said.append("it writes prompts into its pictures; start it with --disable-metadata")
    if "--cache-none" not in stats.argv:
        said.append("it keeps what one job made for the next one; start it with --cache-none")
    classes = {name for one in workflows.values() for name in one.classes()}
    said += [
        f"whether {folder} is whole shows only when it runs" for name, folder in _UNLISTED.items() if name in classes
    ]
    return said


def misfits(workflow: Workflow, info: ObjectInfo, files: frozenset[str]) -> Iterator[str]:
    """What of a graph the server would refuse, or skip in silence. Pure."""
    try:
        found = check(workflow.graph, info, Surroundings(files=files, binding=workflow.binding))
    except BindingError as error:
        yield f"graph {workflow.name}: {error}"
        return
    for finding in found:
        if finding.level is Level.ERROR:
            yield f"graph {workflow.name}: {finding}"


async def _files(server: Comfy, folders: set[str]) -> frozenset[str]:
    """Model files as `folder/name`; of a folder that the server does not list, none."""
    found: set[str] = set()
    for folder in folders:
        for name in LISTED_AS.get(folder, (folder,)):
            found |= {f"{folder}/{file}" for file in await server.models(name) or ()}
    return frozenset(found)
