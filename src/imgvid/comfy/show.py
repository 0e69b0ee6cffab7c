"""A workflow in a few sentences: samplers that really run, their steps, frames, speed, length, models, what is bypassed.

Everything comes from the compiled graph (and, where there is one, the UI file for what is switched off); what is not known
before the run is left out rather than guessed. WAN and Hunyuan make 4 frames a latent after the first, LTX 8; RIFE turns n
frames into (n - 1) * multiplier + 1 (facts/comfyui.md section 5, measured).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imgvid.comfy.evaluate import Flow
from imgvid.comfy.graph import Graph
from imgvid.comfy.models import ModelUse, model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.samplers import Sampler, samplers
from imgvid.comfy.switched import SwitchedOff, switched_off
from imgvid.comfy.videos import Video, videos

_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What `text` says, for whoever wants it in parts."""

    nodes: int
    graph_hash: str
    samplers: tuple[Sampler, ...]
    switched: SwitchedOff
    videos: tuple[Video, ...]
    running: tuple[ModelUse, ...]
    idle: tuple[ModelUse, ...]

    @property
    def pair(self) -> str:
        """`GGUF` or `safetensors` where every diffusion model that runs is of that kind, else empty."""
        kinds = {
            "GGUF" if use.file.endswith(".gguf") else "safetensors"
            for use in self.running
            if use.folder == "diffusion_models"
        }
        return kinds.pop() if len(kinds) == 1 else ""


def summarise(graph: Graph, info: ObjectInfo, ui: Mapping[str, object] | None = None) -> Summary:
    """Look at a graph and, if it is at hand, at the UI file that it was compiled from."""
    flow = Flow(graph)
    outputs = graph.outputs(info.is_output)
    running = flow.runs(outputs)
    needed = graph.upstream(outputs)
    uses = [use for use in model_uses(graph) if use.node in needed]
    return Summary(
        nodes=len(needed),
        graph_hash=graph.hash(),
        samplers=tuple(samplers(graph, flow, running)),
        switched=switched_off(ui) if ui is not None else SwitchedOff(),
        videos=tuple(videos(graph, flow, outputs)),
        running=tuple(use for use in uses if use.node in running),
        idle=tuple(use for use in uses if use.node not in running),
    )


def text(summary: Summary) -> str:
    """The summary for a person, one fact a line."""
    lines = [f"{summary.nodes} nodes, graph {summary.graph_hash[:12]}"]
    lines += _sampler_lines(summary)
    lines += [_video_line(video) for video in summary.videos]
    lines += _model_lines(summary)
    if summary.switched.groups:
        lines.append(f"Groups switched off: {', '.join(summary.switched.groups)}")
    if summary.switched.others:
        lines.append(f"Switched off besides: {', '.join(summary.switched.others)}")
    return "\n".join(lines) + "\n"


def _sampler_lines(summary: Summary) -> list[str]:
    running = [sampler for sampler in summary.samplers if sampler.runs]
    off = [*(s.title for s in summary.samplers if not s.runs), *summary.switched.samplers]
    total = len(running) + len(off)
    if not total:
        return ["No sampler"]
    steps = " + ".join("?" if sampler.steps is None else str(sampler.steps) for sampler in running)
    line = f"Samplers: {_word(len(running))} of {_word(total)} run"
    lines = [f"{line}, {steps} steps" if running else line]
    lines += [f"  {sampler.title}: {_steps(sampler)}" for sampler in running]
    lines += [f"  {title}: does not run" for title in off]
    return lines


def _steps(sampler: Sampler) -> str:
    if sampler.steps is None:
        return "steps are not known before the run"
    if sampler.start is None or sampler.total is None:
        return f"{sampler.steps} steps"
    return f"steps {sampler.start} to {sampler.start + sampler.steps} of {sampler.total}"


def _video_line(video: Video) -> str:
    if video.still and video.made in (None, 1):
        sides = f" {video.width}x{video.height}" if video.width and video.height else ""
        return f'Picture "{video.title}"{":" if sides else ""}{sides}'
    parts = [f'{"Pictures" if video.still else "Video"} "{video.title}":']
    if video.made is not None:
        frames = f"{video.sampled} -> {video.made}" if video.sampled not in (None, video.made) else str(video.made)
        parts.append(f"{frames} frames")
    if video.fps is not None:
        parts.append(f"at {video.fps:g} fps")
    if video.seconds is not None:
        parts.append(f"= {video.seconds:.2f} s")
    if video.width and video.height:
        parts.append(f"({video.width}x{video.height})")
    return " ".join(parts)


def _model_lines(summary: Summary) -> list[str]:
    lines: list[str] = []
    if summary.pair:
        word = "pair" if sum(use.folder == "diffusion_models" for use in summary.running) == 2 else "model"
        lines.append(f"{summary.pair} {word} in use")
    for use in summary.running:
        lines.append(f"  {use.file} ({use.title})")
    for use in summary.idle:
        lines.append(f"  {use.file} ({use.title}): not used, but it must be there")
    return lines


def _word(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else str(number)
