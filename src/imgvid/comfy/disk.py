"""Where a server keeps what passes through it, by its start arguments. Pure.

A folder is memory when its path says so, for nobody can look at another machine's mounts:

    /dev/shm/…                 Linux keeps it in memory, in containers too
    /run/user/…, /run/shm/…    the same where systemd runs; plain /run is a disk in most containers
    …/tmpfs/…, …/ramdisk/…     a folder that its operator has named so

`/tmp` is a disk on many machines, so it is none. Which folders matter is a question of the graphs: uploads go to the temporary
one, and what a preview node makes stays there; only a graph that saves needs the output folder as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from imgvid.comfy.graph import Graph
from imgvid.comfy.stats import Stats

_MEMORY = (PurePosixPath("/dev/shm"), PurePosixPath("/run/user"), PurePosixPath("/run/shm"))  # noqa: S108 - only names
_NAMED = frozenset({"tmpfs", "ramfs", "ramdisk"})


def is_memory(path: PurePosixPath) -> bool:
    """Whether a path of another machine is surely memory. A relative one hangs on where the server was started."""
    if not path.is_absolute() or ".." in path.parts:
        return False
    return any(place in path.parents for place in _MEMORY) or any(part.casefold() in _NAMED for part in path.parts)


def folders_used(graphs: Iterable[Graph]) -> tuple[str, ...]:
    """Which of a server's folders get people's files from these graphs."""
    return ("temp", "output") if any(_saves(graph) for graph in graphs) else ("temp",)


def _saves(graph: Graph) -> bool:
    """A node that names its files saves them, unless it says that it does not (VHS_VideoCombine)."""
    return any(
        "filename_prefix" in node.inputs and node.inputs.get("save_output") is not False
        for node in graph.nodes.values()
    )


def on_disk(stats: Stats, folders: Iterable[str]) -> Iterator[str]:
    """A sentence for each of these folders that is not known to be memory: where it is, and what to start with instead."""
    for kind in folders:
        path = stats.folder(kind)
        if path is None:
            yield f"its {kind} folder is ComfyUI's own; start it with --{kind}-directory /dev/shm/comfyui"
        elif not is_memory(PurePosixPath(path)):
            yield f"its {kind} folder {path} is not known to be memory; start it with --{kind}-directory /dev/shm/comfyui"
