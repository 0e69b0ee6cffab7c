"""Were two runs the same, and what differed between them? Pure: two workers' outputs in, sentences out.

The digest is of the decoded frames, so that a container, a bitrate or a caption says nothing; the rest of the recipe
says where to look when it differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DIGEST = "frames_sha256"
_OF_ONE_RUN = frozenset({DIGEST, "prompt_id", "comfyui_s"})  # differ between any two runs
_FRAMES = ("width", "height", "fps", "frames")
_MEANINGS = {
    "graph": "the graph's hash",
    "workflow": "the workflow's name",
    "workflow_origin": "shipped or the operator's",
    "node_lock": "the node packs' lock",
    "image": "the worker image",
    "bundle": "the bundle",
    "bundle_revision": "the bundle's revision",
    "gpu": "the GPU",
    "comfyui": "ComfyUI's version",
    "engine": "the engine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of the recipe that was not the same; None: this run did not tell it."""

    name: str
    was: object
    is_now: object

    def __str__(self) -> str:
        return f"{_MEANINGS.get(self.name, self.name)} ({self.name}): {self.was} -> {self.is_now}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`equal` None: one of the two has no digest, so nothing can be said about the frames."""

    equal: bool | None
    differences: tuple[Difference, ...]


def digest(result: Mapping[str, object] | None) -> str | None:
    """The digest of the decoded frames of a run's output, None where the run did not tell it."""
    found = _part(result, "recipe").get(DIGEST)
    return found if isinstance(found, str) and found else None


def compare(was: Mapping[str, object] | None, is_now: Mapping[str, object] | None) -> Comparison:
    """Two outputs of workers (worker/outcome.py), the older one first."""
    first, second = digest(was), digest(is_now)
    pairs = [("recipe", sorted((_part(was, "recipe").keys() | _part(is_now, "recipe").keys()) - _OF_ONE_RUN))]
    pairs.append(("file", list(_FRAMES)))
    differences = [
        Difference(name=name, was=_part(was, part).get(name), is_now=_part(is_now, part).get(name))
        for part, names in pairs
        for name in names
        if _part(was, part).get(name) != _part(is_now, part).get(name)
    ]
    return Comparison(
        equal=None if first is None or second is None else first == second, differences=tuple(differences)
    )


def verdict(found: Comparison) -> list[str]:
    """What an operator reads."""
    match found.equal:
        case True:
            lines = ["equal: every decoded frame is the same"]
            same = "and so is everything else in the recipe"
            lines += _listed(found, although="although these differ:", same=same)
        case False:
            lines = ["different: the decoded frames are not the same"]
            same = (
                "nothing in the recipe differs: the same machine type may still round differently (another driver, a sampler "
                "that draws noise on the GPU, tiled decoding for lack of memory); replay once more to see whether it repeats"
            )
            lines += _listed(found, although="these differ:", same=same)
        case None:
            lines = ["nothing to compare: a run did not tell the digest of its frames"]
    return lines


def _listed(found: Comparison, *, although: str, same: str) -> list[str]:
    if not found.differences:
        return [f"  {same}"]
    return [f"  {although}", *(f"    {difference}" for difference in found.differences)]


def _part(result: Mapping[str, object] | None, name: str) -> Mapping[str, object]:
    value = (result or {}).get(name)
    return value if isinstance(value, Mapping) else {}
