"""What the server keeps of a finished prompt (`GET /history/{id}`), and which of its files is the result. Pure.

A video lies under `images` (SaveVideo), `gifs` (VHS) or `videos`, so the file's extension decides, not the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from imgvid.comfy.graph import id_order
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text


class Ended(StrEnum):
    """How a prompt ended. The server's status word is "error" for both of the bad ends: the last message tells."""

    SUCCESS = "success"
    ERROR = "error"
    INTERRUPTED = "interrupted"


class Kind(StrEnum):
    """What kind of file is wanted, each with its extensions, best first."""

    VIDEO = "video"
    IMAGE = "image"


_EXTENSIONS = {
    Kind.VIDEO: (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif"),
    Kind.IMAGE: (".png", ".jpg", ".jpeg", ".webp"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file that a node made, as `/view` takes it. `folder_type` is output, temp or input."""

    node: str
    filename: str
    subfolder: str
    folder_type: str

    @property
    def relative(self) -> PurePosixPath:
        """Where it lies below its folder."""
        return PurePosixPath(self.subfolder) / self.filename


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The server's last word on a prompt. `ran_for` is its execution, waiting in its queue not counted.

    `graph` and `extra` are what was submitted: they come back as they went.
    """

    ended: Ended
    outputs: Mapping[str, Json]
    last: Mapping[str, Json]  # the last message's data: of an error, what `verdicts.failure` reads
    ran_for: timedelta | None
    graph: Mapping[str, Json] = field(default_factory=dict)
    extra: Mapping[str, Json] = field(default_factory=dict)


def parse_entry(answer: Json, prompt_id: str) -> Entry | None:
    """The entry in the answer of `/history/{id}`; None while there is none, or only a half-written one."""
    raw = as_dict(as_dict(answer).get(prompt_id))
    status = as_dict(raw.get("status"))
    messages = [as_list(message) for message in as_list(status.get("messages"))]
    if not status or not messages:
        return None
    last = messages[-1]
    kind, data = as_text(last[0] if last else None), as_dict(last[1] if len(last) > 1 else None)
    if kind == "execution_interrupted":
        ended = Ended.INTERRUPTED
    elif status.get("completed") is True and as_text(status.get("status_str")) == "success":
        ended = Ended.SUCCESS
    else:
        ended = Ended.ERROR
    sent = as_list(raw.get("prompt"))
    return Entry(
        ended=ended,
        outputs=as_dict(raw.get("outputs")),
        last=data,
        ran_for=_span(messages),
        graph=as_dict(sent[2]) if len(sent) > 2 else {},
        extra=as_dict(sent[3]) if len(sent) > 3 else {},
    )


def files(outputs: Mapping[str, Json]) -> Iterator[OutputFile]:
    """Every file of every output node, in the order of node ids."""
    for node in sorted(outputs, key=id_order):
        for made in as_dict(outputs[node]).values():
            for item in as_list(made):
                entry = as_dict(item)
                name = entry.get("filename")
                if isinstance(name, str) and name:
                    yield OutputFile(
                        node=node,
                        filename=name,
                        subfolder=as_text(entry.get("subfolder")),
                        folder_type=as_text(entry.get("type"), "output"),
                    )


def choose(outputs: Mapping[str, Json], kind: Kind, *, node: str | None = None) -> OutputFile | None:
    """The result among what was made: of `node` where one is named, saved before temporary, best format, last node.

    A node that names several files of one kind (a batch of images) gives its first.
    """
    best: tuple[tuple[bool, int], OutputFile] | None = None
    for file in files(outputs):
        suffix = PurePosixPath(file.filename).suffix.lower()
        if suffix not in _EXTENSIONS[kind] or (node is not None and file.node != node):
            continue
        rank = (file.folder_type != "output", _EXTENSIONS[kind].index(suffix))
        if best is None or rank < best[0] or (rank == best[0] and file.node != best[1].node):
            best = (rank, file)
    return best[1] if best else None


def _span(messages: list[list[Json]]) -> timedelta | None:
    times = [as_dict(message[1]).get("timestamp") for message in messages if len(message) > 1]
    numbers = [time for time in times if isinstance(time, int | float)]
    return timedelta(milliseconds=numbers[-1] - numbers[0]) if len(numbers) > 1 else None
