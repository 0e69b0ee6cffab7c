"""The fault panel: what can be done to the running house, in one sentence each, and what a person will see of it.

Kinds: `process` crashes a process; `telegram`, `runpod`, `fal` and `comfyui` order a fault at that stand-in; `rerun` makes
RunPod deliver a running job twice; `switch` is a state that lasts until it is switched back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    PROCESS = "process"
    TELEGRAM = "telegram"
    RUNPOD = "runpod"
    FAL = "fal"
    COMFYUI = "comfyui"
    RERUN = "rerun"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """`does`: the fault. `see`: its visible effect. `rule`: the process's name, or the body for the control API."""

    id: str
    group: str
    kind: Kind
    title: str
    does: str
    see: str
    rule: Mapping[str, Any] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        """For the page: everything but the rule."""
        shown = asdict(self)
        del shown["rule"]
        return shown


def _kill(process: str, title: str, does: str, see: str) -> Lever:
    return Lever(
        id=f"kill-{process}",
        group="Kill a process",
        kind=Kind.PROCESS,
        title=title,
        does=does,
        see=see,
        rule={"process": process},
    )


def _telegram(name: str, title: str, does: str, see: str, **rule: Any) -> Lever:
    return Lever(id=name, group="Telegram", kind=Kind.TELEGRAM, title=title, does=does, see=see, rule=rule)


def _runpod(name: str, title: str, does: str, see: str, **rule: Any) -> Lever:
    return Lever(id=name, group="RunPod", kind=Kind.RUNPOD, title=title, does=does, see=see, rule=rule)


def _fal(name: str, title: str, does: str, see: str, **rule: Any) -> Lever:
    return Lever(id=name, group="Fal", kind=Kind.FAL, title=title, does=does, see=see, rule=rule)


def _comfyui(name: str, title: str, does: str, see: str, **rule: Any) -> Lever:
    return Lever(id=name, group="ComfyUI server", kind=Kind.COMFYUI, title=title, does=does, see=see, rule=rule)


LEVERS: tuple[Lever, ...] = (
    _kill(
        "bot",
        "Kill the bot",
        "kill -9, and it is started again.",
        "What you send meanwhile waits at Telegram and is answered a moment later. Nothing is answered twice.",
    ),
    _kill(
        "dispatcher",
        "Kill the dispatcher",
        "kill -9, and it is started again.",
        "A running job goes on in its worker; the timeline continues where it was.",
    ),
    _kill(
        "worker",
        "Kill the GPU worker",
        "kill -9 of the busy worker; RunPod notices when its pings stop.",
        "The job gets a new worker, and still ends with exactly one video.",
    ),
    _kill(
        "comfyui",
        "Kill ComfyUI",
        "kill -9 of the ComfyUI beside the busy worker; its container ends.",
        "The attempt ends as lost, the next one begins in a new container, and there is one video.",
    ),
    _kill(
        "postgres",
        "Crash PostgreSQL",
        "An immediate shutdown without a checkpoint, then recovery.",
        "Every process reconnects by itself; answers come a second later.",
    ),
    _telegram(
        "drop-send",
        "Lose the answer of the next message",
        "sendMessage is applied, but its answer never arrives.",
        "The bot cannot know; at worst one stale line of text stays, and the job has one message.",
        method="sendMessage",
        kind="drop",
    ),
    _telegram(
        "drop-media",
        "Lose the answer of the next video",
        "editMessageMedia is applied, but its answer never arrives.",
        "The worker asks the message, sees the video there, and does not send a second one.",
        method="editMessageMedia",
        kind="drop",
    ),
    _telegram(
        "flood",
        "Too many requests (429)",
        "The next two edits are refused: retry after 5 seconds.",
        "Progress stops being told for this run; the video still comes.",
        method="editMessage*",
        kind="429",
        retry_after=5,
        times=2,
    ),
    _telegram(
        "bad-gateway",
        "Bad gateway (502)",
        "The next three calls of any process get an HTML error page.",
        "A short pause, then everything continues.",
        method="[!g]*",  # all but getUpdates, which would eat them while it waits
        kind="502",
        times=3,
    ),
    _telegram(
        "slow-upload",
        "Slow upload",
        "The next video travels at 60 kB a second.",
        "“Sending your video…” stays for a while, with the upload action at the top.",
        method="editMessageMedia",
        kind="slow_upload",
        bytes_per_s=60_000,
    ),
    _runpod(
        "drop-run",
        "Lose the answer of the next /run",
        "RunPod accepts the job, but the answer never arrives.",
        "The worker's first sign of life settles it. One job, one video.",
        op="run",
        kind="drop_after",
    ),
    Lever(
        id="rerun",
        group="RunPod",
        kind=Kind.RERUN,
        title="Run the job twice",
        does="RunPod gives the running job to a second worker while the first lives.",
        see="Two workers race; the message still becomes one video.",
    ),
    _runpod(
        "lost-result",
        "Forget the job (404)",
        "The next three looks at the job are answered “not found”.",
        "The message itself is asked what was delivered.",
        op="status",
        kind="not_found",
        times=3,
    ),
    Lever(
        id="starve",
        group="RunPod",
        kind=Kind.SWITCH,
        title="No GPU to be had",
        does="The endpoint gets no workers until you switch this off.",
        see="After a minute the chat says that all GPUs are taken; the job keeps its place.",
    ),
    Lever(
        id="idle",
        group="RunPod",
        kind=Kind.SWITCH,
        title="Seven days without a job",
        does="RunPod sets the endpoint's max workers to 0 and leaves it there.",
        see="The next photo waits for half a minute: the dispatcher sees why, says so and sets it back, once.",
    ),
    _fal(
        "fal-policy",
        "Refuse the next prompt",
        "Fal's safety filter says no to the next request.",
        "The chat says so politely; it counts against nobody.",
        op="run",
        kind="nsfw",
    ),
    _fal(
        "fal-drop",
        "Lose the answer of the next submit",
        "Fal accepts the job and bills it, but the answer never arrives.",
        "It is never sent a second time: after a quarter of a minute the chat says that nobody answered.",
        op="submit",
        kind="drop_after",
    ),
    _fal(
        "fal-lost-runner",
        "Lose the machine",
        "The machine that makes the next one vanishes in the middle.",
        "The job is tried once more, and ends with exactly one result.",
        op="run",
        kind="error",
        type="runner_disconnected",
    ),
    _fal(
        "fal-broken-file",
        "Break the next download",
        "The connection ends in the middle of the next result's file.",
        "The file is fetched again, not made again.",
        op="media",
        kind="truncate",
    ),
    _fal(
        "fal-slow",
        "Take its time",
        "The next request takes ten seconds longer.",
        "The chat says how it goes; Cancel ends it at Fal too.",
        op="run",
        kind="slow",
        seconds=10,
    ),
    Lever(
        id="fal-locked",
        group="Fal",
        kind=Kind.SWITCH,
        title="Empty the account",
        does="Fal takes no more requests until you switch this off.",
        see="Jobs wait in the queue and lose nothing; on-call hears of it once.",
    ),
    _comfyui(
        "comfyui-oom",
        "Run out of GPU memory",
        "The next sampler fails for want of memory, both times.",
        "The chat says so; no smaller size is made in secret.",
        at="node:KSampler",
        kind="raise",
        error="oom",
        times=2,
    ),
    _comfyui(
        "comfyui-restart",
        "Restart the server",
        "It restarts while the next picture is made: its queue and history are gone.",
        "The picture is made once more, and there is one.",
        at="node:KSampler",
        kind="restart",
    ),
    _comfyui(
        "comfyui-lost",
        "Lose the answer of the next prompt",
        "The server queues it, but the answer never arrives.",
        "It is asked whether it has it; nothing runs twice.",
        at="call:POST /prompt",
        kind="cut_after",
    ),
    Lever(
        id="comfyui-without",
        group="ComfyUI server",
        kind=Kind.SWITCH,
        title="Uninstall LivePortrait",
        does="The node pack of the living portrait is not installed until you switch this off.",
        see="The chat says that it is not your fault; on-call reads which class is missing.",
    ),
)

BY_ID: dict[str, Lever] = {lever.id: lever for lever in LEVERS}
