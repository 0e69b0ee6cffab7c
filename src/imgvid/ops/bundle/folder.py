"""A bundle's folder on the operator's machine: what lies there, and the manifest made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from imgvid.bundle import cache, digest, manifest
from imgvid.bundle.manifest import FOLDERS, BundleFile, Manifest
from imgvid.bundle.verdict import Judged, judge, readable

_NOT_MODELS = (".git", ".cache", ".gitattributes", ".gitignore", "README.md", "LICENSE", manifest.FILE_NAME)
UNKNOWN_LICENCE = "unknown: look it up and write it here"

GB = 10**9
_NEAR = 0.8  # of the account's limit: time to think
_FILE_GB = 200  # the hub's recommended maximum for one file (facts/runpod.md 5); its hard one is 500 GB
_ENTRIES = 10_000  # per folder, the hub's limit


class FolderRefused(Exception):
    """This folder is no bundle yet. `problems` has a sentence for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_manifest(folder: Path) -> Manifest:
    """The folder's manifest. Raises FolderRefused with what to do about it."""
    path = folder / manifest.FILE_NAME
    try:
        return manifest.parse(path.read_text())
    except FileNotFoundError:
        raise FolderRefused([f"{path} is not there: run `imgvid bundle init {folder}` first"]) from None
    except manifest.ManifestRefused as refused:
        raise FolderRefused([f"{path}: {problem}" for problem in refused.problems]) from None


def models(folder: Path) -> list[str]:
    """Paths of the files that a bundle could hold, sorted; hidden ones and the hub's own are left out."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] not in _NOT_MODELS and not any(part.startswith(".") for part in parts):
            found.append("/".join(parts))
    return sorted(found)


def fill(folder: Path, base: Manifest, *, told: Callable[[str], None]) -> tuple[Manifest, list[str]]:
    """The manifest with sizes and digests of what lies in the folder, and sentences about what needs a person.

    Files that the manifest knows keep their licence, source and `optional`; a file that it does not know is added as
    optional under the ComfyUI folder that its own folder is named after. Reads every new byte once; a known digest that
    the size already contradicts is told, never overwritten.
    """
    notes: list[str] = []
    here = models(folder)
    known = {file.path: file for file in base.files}
    kept = [_filled(folder, file, notes, told) if file.path in here else file for file in base.files]
    for path in here:
        if path in known:
            continue
        place = path.split("/", maxsplit=1)[0]
        if place not in FOLDERS:
            notes.append(f"{path}: not added, its folder is none of {', '.join(FOLDERS)}")
            continue
        new = BundleFile(
            path=path, folder=place, size=None, sha256=None, licence=UNKNOWN_LICENCE, optional=True, source=""
        )
        kept.append(_filled(folder, new, notes, told))
        notes.append(f"{path}: added as optional; write its licence, and `optional = false` if a workflow needs it")
    notes += [f"{file.path}: not in the folder" for file in kept if file.path not in here and not file.optional]
    return base.with_files(_without_absent(kept, here)), notes


def _without_absent(files: Iterable[BundleFile], here: list[str]) -> list[BundleFile]:
    """Optional files that are neither here nor known by their digest would keep the manifest from being complete."""
    return [file for file in files if file.path in here or not file.optional or file.sha256 is not None]


def _filled(folder: Path, file: BundleFile, notes: list[str], told: Callable[[str], None]) -> BundleFile:
    path = folder / file.path
    size = path.stat().st_size
    if file.size is not None and file.size != size:
        notes.append(f"{file.path}: {size} bytes here, the manifest says {file.size}; is the download whole?")
        return file
    if file.size == size and file.sha256 is not None:
        return file
    told(f"reading {file.path} ({readable(size)})")
    return replace(file, size=size, sha256=digest.sha256_of(path))


def judged(folder: Path, content: Manifest, *, hashed: bool, told: Callable[[str], None]) -> list[Judged]:
    """Every file of the manifest against the folder; with `hashed` every byte is read."""
    result = []
    for file in content.files:
        held = cache.look(folder, file.path)
        if held is not None and hashed and held.sha256 is None:
            told(f"reading {file.path} ({readable(held.size)})")
            held = replace(held, sha256=digest.sha256_of(held.path))
        result.append(judge(file, held))
    return result


def advice(content: Manifest, *, limit_gb: float) -> list[str]:
    """What the hub's limits and a careful operator would say about a manifest. Pure."""
    total, notes = content.total_bytes() / GB, []
    if total > limit_gb:
        notes.append(f"{total:.0f} GB is more than the account's {limit_gb:g} GB: the hub will refuse")
    elif total > limit_gb * _NEAR:
        notes.append(
            f"{total:.0f} of the account's {limit_gb:g} GB: a replaced or deleted file counts until the history is squashed"
        )
    notes += [
        f"{file.path}: {(file.size or 0) / GB:.0f} GB, the hub recommends less than {_FILE_GB}"
        for file in content.files
        if (file.size or 0) > _FILE_GB * GB
    ]
    for name in FOLDERS:
        if len(content.names(name)) > _ENTRIES:
            notes.append(f"{name}: more than {_ENTRIES} files, the hub's limit for a folder")
    notes += [
        f"{file.path}: no licence is written down"
        for file in content.files
        if not file.licence or file.licence == UNKNOWN_LICENCE
    ]
    return notes
