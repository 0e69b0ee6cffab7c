"""Put a bundle's files where ComfyUI looks for them: one symlink a file, RIFE's weights in the pack's own folder.

Idempotent: a second run changes nothing. Links of an earlier bundle are removed, because ComfyUI lists a broken link as if
the model were there (facts/comfyui.md 4). Real files are left alone; one that stands in the way is refused, not replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from imgvid.bundle.manifest import FOLDERS
from imgvid.bundle.verdict import USABLE, Judged
from imgvid.worker.bootstrap.settings import BootstrapRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What was done: links that stand now, stale links that were removed, optional files that are not there."""

    linked: int
    removed: int
    left_out: tuple[str, ...]


def place(judged: Iterable[Judged], *, comfy_root: Path) -> Placed:
    """Link every usable file. Raises BootstrapRefused where a real file or a missing folder is in the way."""
    items = list(judged)
    wanted = {
        comfy_root / item.file.place: item.held.path
        for item in items
        if item.held is not None and item.verdict in USABLE
    }
    removed = _remove_others(comfy_root, wanted)
    problems = []
    for link, target in wanted.items():
        try:
            _link(link, target)
        except OSError as error:
            problems.append(f"cannot link {link}: {error.strerror or error}")
    if problems:
        raise BootstrapRefused(problems)
    left_out = tuple(item.why for item in items if item.verdict not in USABLE)
    return Placed(linked=len(wanted), removed=removed, left_out=left_out)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    elif link.exists():
        raise FileExistsError(17, "a real file of this name is in the image; rename one of the two")
    link.symlink_to(target)


def _remove_others(comfy_root: Path, wanted: dict[Path, Path]) -> int:
    """Remove the links below the model folders that this bundle does not want. Links inside the image stay."""
    removed = 0
    root = comfy_root.resolve()
    for place_of in FOLDERS.values():
        folder = comfy_root / place_of
        links = [entry for entry in folder.rglob("*") if entry.is_symlink()] if folder.is_dir() else []
        for link in links:
            if link in wanted or _leads_inside(link, root):
                continue
            with contextlib.suppress(FileNotFoundError):
                link.unlink()
                removed += 1
    return removed


def _leads_inside(link: Path, root: Path) -> bool:
    """Whether a link belongs to the image itself (a pack may bring one) and leads somewhere."""
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False
