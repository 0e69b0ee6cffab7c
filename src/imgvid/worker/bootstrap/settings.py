"""What an operator may say to the bootstrap, read once from the environment; every problem is named at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class BootstrapRefused(Exception):
    """The container cannot serve. `problems` has a sentence for each reason; waiting longer would not help."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapSettings:
    """Defaults are the platform's and the image's own places; an operator normally sets none of them."""

    repo: str | None  # BUNDLE_REPO, org/name; None: the only repo in the cache
    revision: str | None  # BUNDLE_REVISION, a commit or ref; None: main, or the newest complete one
    min_revision: int  # BUNDLE_MIN_REVISION, the manifest's own number
    cache: Path  # BUNDLE_CACHE
    wait: timedelta  # BUNDLE_WAIT_S: how long a filling cache may take
    hash_all: bool  # BUNDLE_HASH=1: read every byte (minutes for 100 GB)
    comfy_root: Path  # COMFY_ROOT
    comfy_python: str | None  # COMFY_PYTHON, what runs ComfyUI; None: the Python that runs us
    comfy_port: int  # COMFY_PORT, on 127.0.0.1
    comfy_args: tuple[str, ...]  # COMFY_ARGS, appended to ours
    comfy_start: timedelta  # COMFY_START_S: until /object_info answers
    workflows: Path  # WORKFLOWS_DIR
    nodes_lock: Path  # NODES_LOCK, for the recipe
    job_root: Path | None  # JOB_ROOT
    engine: str  # WORKER_ENGINE: `preview` needs neither bundle nor ComfyUI
    image: str  # WORKER_IMAGE, for the recipe
    log_level: str


def read(environ: Mapping[str, str]) -> BootstrapSettings:
    """The settings. Raises BootstrapRefused with a sentence for each that is malformed."""
    problems: list[str] = []

    def get(name: str, default: T, parse: Callable[[str], T]) -> T:
        text = environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            problems.append(f"{name} is {text!r}: {error}")
            return default

    settings = BootstrapSettings(
        repo=get("BUNDLE_REPO", None, _repo),
        revision=get("BUNDLE_REVISION", None, str),
        min_revision=get("BUNDLE_MIN_REVISION", 0, int),
        cache=get("BUNDLE_CACHE", Path("/runpod-volume/huggingface-cache/hub"), Path),
        wait=get("BUNDLE_WAIT_S", timedelta(minutes=15), _seconds),
        hash_all=get("BUNDLE_HASH", False, _switch),
        comfy_root=get("COMFY_ROOT", Path("/opt/ComfyUI"), Path),
        comfy_python=get("COMFY_PYTHON", None, str),
        comfy_port=get("COMFY_PORT", 8188, _port),
        comfy_args=get("COMFY_ARGS", (), lambda text: tuple(text.split())),
        comfy_start=get("COMFY_START_S", timedelta(minutes=5), _seconds),
        workflows=get("WORKFLOWS_DIR", Path("/opt/imgvid/workflows"), Path),
        nodes_lock=get("NODES_LOCK", Path("/opt/imgvid/nodes.lock"), Path),
        job_root=get("JOB_ROOT", None, Path),
        engine=get("WORKER_ENGINE", "comfy", _engine),
        image=get("WORKER_IMAGE", "", str),
        log_level=get("LOG_LEVEL", "INFO", _level),
    )
    if problems:
        raise BootstrapRefused(problems)
    return settings


def _repo(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise ValueError("must be org/name, as the hub shows it")
    return text


def _seconds(text: str) -> timedelta:
    value = float(text)
    if not 0 <= value <= 86_400:
        raise ValueError("must be between 0 and 86400 seconds")
    return timedelta(seconds=value)


def _port(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 65_535:
        raise ValueError("must be a port")
    return value


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return text == "1"


def _engine(text: str) -> str:
    if text not in {"comfy", "preview"}:
        raise ValueError("must be comfy or preview")
    return text


def _level(text: str) -> str:
    if text not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text
