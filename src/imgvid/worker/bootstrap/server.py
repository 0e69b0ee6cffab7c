"""ComfyUI's command line, folders and environment: loopback only, nothing on disk, no token of ours within its reach."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_KEPT_NAMES = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "TERM", "SSL_CERT_FILE"})
_KEPT_PREFIXES = (
    "LC_", "LD_", "PYTHON", "CUDA_", "NVIDIA_", "NCCL_", "CUBLAS_", "PYTORCH_", "TORCH", "OMP_", "MKL_", "OPENBLAS_",
    "MALLOC_", "VHS_",
)  # fmt: skip
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """ComfyUI's own folders, all under one root that is emptied at start and at the end."""

    root: Path

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def uploads(self) -> Path:
        return self.root / "in"

    @property
    def temp(self) -> Path:
        return self.root / "tmp"

    @property
    def user(self) -> Path:
        return self.root / "user"

    @property
    def home(self) -> Path:
        return self.root / "home"


def beside(job_root: Path) -> Folders:
    """ComfyUI's folders beside the job root (not in it: the worker counts what is left there after each job)."""
    return Folders(root=job_root.with_name(f"{job_root.name}-comfy"))


def make_empty(folders: Folders) -> int:
    """Remove what an earlier server left and make the folders, 0700. Returns the bytes removed. Raises OSError."""
    left = wipe(folders)
    for path in (folders.root, folders.out, folders.uploads, folders.temp, folders.user, folders.home):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return left


def wipe(folders: Folders) -> int:
    """Remove all of it; nothing to do is fine. Returns the bytes removed."""
    if not folders.root.is_dir():
        return 0
    left = sum(path.stat().st_size for path in folders.root.rglob("*") if path.is_file() and not path.is_symlink())
    shutil.rmtree(folders.root)
    return left


def own(roots: Iterable[Path], *, uid: int, gid: int) -> None:
    """Hand folders, and what lies directly in them, to the user that uses them. Absent ones are skipped."""
    for root in roots:
        for path in (root, *root.iterdir()) if root.is_dir() else ():
            os.chown(path, uid, gid, follow_symlinks=False)


def command(python: str, *, comfy_root: Path, port: int, folders: Folders, extra: Sequence[str] = ()) -> list[str]:
    """The server's arguments (facts/comfyui.md 8); the operator's come last and so win.

    `--cache-none` runs every node of every job: with a cache the same photo and seed would give back the first file's
    name without work, and intermediate pictures of one person would stay in memory during the next one's job. Models stay
    loaded all the same.
    """
    return [
        python, str(comfy_root / "main.py"),
        "--listen", "127.0.0.1", "--port", str(port), "--disable-auto-launch",
        "--output-directory", str(folders.out), "--input-directory", str(folders.uploads),
        "--temp-directory", str(folders.temp), "--user-directory", str(folders.user),
        "--database-url", "sqlite:///:memory:",
        "--disable-metadata", "--disable-api-nodes", "--cache-none", "--log-stdout",
        *extra,
    ]  # fmt: skip


def environment(environ: Mapping[str, str], *, folders: Folders) -> dict[str, str]:
    """What ComfyUI and its packs may know: an allow-list, so that a new secret is left out without anybody's care."""
    kept = {name: value for name, value in environ.items() if name in _KEPT_NAMES or name.startswith(_KEPT_PREFIXES)}
    return {**kept, **_OFFLINE, "HOME": str(folders.home), "TMPDIR": str(folders.temp)}


def worker_environment(environ: Mapping[str, str], *, added: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment: ours without the hub's tokens, which no worker needs, plus what bootstrap learnt."""
    return {**{name: value for name, value in environ.items() if name not in HUB_TOKENS}, **_OFFLINE, **added}


HUB_TOKENS = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN", "HUGGINGFACE_HUB_TOKEN"})
