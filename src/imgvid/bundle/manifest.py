"""`bundle.toml`: the files of a bundle (path, size, sha256, licence, optional or not, ComfyUI folder). Pure: text in, text out.

    ManifestRefused   the text is no manifest; `problems` has a sentence for each fault

A manifest is *complete* when every file has its size and sha256. The one that is shipped in worker_image/ is not: sizes
that nobody published are filled in by `imgvid bundle init` from the operator's own files. Only complete ones are pushed,
and a worker accepts only complete ones.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

FORMAT = 1
FILE_NAME = "bundle.toml"
"""Where the manifest lies in the repo. It is uploaded last: a bundle without it, or unlike it, is not accepted."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

_MODELS = (
    "audio_encoders", "checkpoints", "clip_vision", "controlnet", "diffusion_models", "embeddings", "frame_interpolation",
    "latent_upscale_models", "loras", "model_patches", "text_encoders", "upscale_models", "vae",
)  # fmt: skip
FOLDERS: Mapping[str, str] = {
    **{name: f"models/{name}" for name in _MODELS},
    # The RIFE pack reads its weights here and nowhere else, and downloads what is not there (facts/comfyui.md 4).
    "rife": "custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife",
}
"""ComfyUI folder of a manifest -> where that is below ComfyUI's root."""


class ManifestRefused(Exception):
    """This text is no usable manifest. `problems` has a sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One file of a bundle. `size` is in bytes; size and sha256 are None where `bundle init` has still to fill them in."""

    path: str  # in the repo, with /
    folder: str  # a key of FOLDERS
    size: int | None
    sha256: str | None
    licence: str
    optional: bool = False
    source: str = ""

    @property
    def name(self) -> str:
        """The name that ComfyUI shows: the path below its folder (`loras/wan/a.safetensors` -> `wan/a.safetensors`)."""
        parts = PurePosixPath(self.path).parts
        return "/".join(parts[1:]) if len(parts) > 1 and parts[0] == self.folder else parts[-1]

    @property
    def place(self) -> str:
        """Where ComfyUI looks for it, relative to ComfyUI's root."""
        return f"{FOLDERS[self.folder]}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle holds. `revision` starts at 1 and rises by one with every push; 0 was never pushed."""

    name: str
    revision: int
    files: tuple[BundleFile, ...]

    def incomplete(self) -> list[str]:
        """Paths whose size or sha256 nobody has filled in yet."""
        return [file.path for file in self.files if file.size is None or file.sha256 is None]

    def total_bytes(self) -> int:
        return sum(file.size or 0 for file in self.files)

    def names(self, folder: str, *, required_only: bool = False) -> frozenset[str]:
        """The names that ComfyUI would list in one folder."""
        return frozenset(f.name for f in self.files if f.folder == folder and not (required_only and f.optional))

    def with_files(self, files: Iterable[BundleFile]) -> Manifest:
        return replace(self, files=tuple(files))


def parse(text: str) -> Manifest:
    """Read a manifest. Raises ManifestRefused with everything that is wrong with it at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestRefused([f"not TOML: {error}"]) from None
    problems: list[str] = []
    if data.get("format") != FORMAT:
        problems.append(f"format is {data.get('format')!r}, this program reads {FORMAT}")
    name, revision = data.get("name"), data.get("revision", 0)
    if not isinstance(name, str) or not name:
        problems.append("name is missing")
    if not _is_count(revision):
        problems.append(f"revision is {revision!r}, it must be a whole number from 0")
    entries = data.get("file")
    if not isinstance(entries, list) or not entries:
        raise ManifestRefused([*problems, "there is no [[file]]"])
    files = [file for entry in entries if (file := _file(entry, problems)) is not None]
    problems += _clashes(files)
    if problems:
        raise ManifestRefused(problems)
    return Manifest(name=str(name), revision=int(revision), files=tuple(files))


def _file(entry: object, problems: list[str]) -> BundleFile | None:
    if not isinstance(entry, dict):
        problems.append(f"a [[file]] is {entry!r}")
        return None
    path, folder = entry.get("path"), entry.get("folder")
    if not isinstance(path, str) or not is_safe(path):
        problems.append(f"path {path!r} must be relative, with / and without ..")
        return None
    size, sha256 = entry.get("size"), entry.get("sha256")
    licence, optional, source = entry.get("licence", ""), entry.get("optional", False), entry.get("source", "")
    faults = [
        (folder not in FOLDERS, f"folder {folder!r} is none of {', '.join(FOLDERS)}"),
        (size is not None and not _is_count(size), f"size {size!r} must be a whole number of bytes"),
        (
            sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)),
            f"sha256 {sha256!r} must be 64 small hex digits",
        ),
        (not isinstance(optional, bool), f"optional {optional!r} must be true or false"),
        (not isinstance(licence, str) or not isinstance(source, str), "licence and source must be texts"),
    ]
    found = [f"{path}: {text}" for wrong, text in faults if wrong]
    problems += found
    if found:
        return None
    return BundleFile(
        path=path, folder=str(folder), size=size, sha256=sha256, licence=licence, optional=optional, source=source
    )


def _clashes(files: list[BundleFile]) -> list[str]:
    problems, paths, places = [], set[str](), set[str]()
    for file in files:
        if file.path in paths:
            problems.append(f"{file.path} is listed twice")
        elif file.place in places:
            problems.append(f"{file.path}: another file is already {file.place}")
        paths.add(file.path)
        places.add(file.place)
    return problems


def is_safe(path: str) -> bool:
    """A relative path that stays below its root on every system."""
    parts = path.split("/")
    return bool(path) and "\\" not in path and "\0" not in path and all(part not in {"", ".", ".."} for part in parts)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_HEAD = """\
# The bundle's manifest. Workers accept a snapshot only when every required file below is there, with this size and sha256.
# Written by `imgvid bundle init`, raised by `imgvid bundle push`; licence, optional and source are yours to edit.
"""


def render(manifest: Manifest, *, head: str = _HEAD) -> str:
    """The manifest as text, always the same for the same content; `parse` gives the manifest back."""
    lines = [f"{head}format = {FORMAT}", f"name = {_text(manifest.name)}", f"revision = {manifest.revision}"]
    for file in manifest.files:
        lines += ["", "[[file]]", f"path = {_text(file.path)}", f"folder = {_text(file.folder)}"]
        filled = file.size is not None and file.sha256 is not None
        lines += [f"size = {file.size}"] if file.size is not None else []
        lines += [f"sha256 = {_text(file.sha256)}"] if file.sha256 is not None else []
        lines += (
            [] if filled else ["# size and sha256: `imgvid bundle init` fills in what is missing, from your own file"]
        )
        lines += [f"licence = {_text(file.licence)}"]
        lines += ["optional = true"] if file.optional else []
        lines += [f"source = {_text(file.source)}"] if file.source else []
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    escaped = "".join(
        f"\\u{ord(letter):04x}" if ord(letter) < 0x20 or ord(letter) == 0x7F else letter
        for letter in value.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'
