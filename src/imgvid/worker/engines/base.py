"""What every engine is: an order in, a file out, and a word about how far it is.

    EngineFailed      the engine could not make this order; carries one of the job error codes

An engine makes videos: every mode of a GPU worker does. It knows neither Telegram nor RunPod. Cancelling the task that
awaits `make` must stop the work within a second and leave no process, thread or remote prompt running; the caller wipes
the folder afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from imgvid.jobs.errors import Code

Scalar: TypeAlias = str | int | float | bool | None
"""What a parameter or a fact of a recipe may be: JSON scalars."""


class EngineFailed(Exception):
    """This order could not be made. `code` is one of the job error codes; the text is for the log, not the chat."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Tell(Protocol):
    """How an engine says where it is. Returns at once, never raises: it neither waits for Telegram nor for Postgres.

    `phase` is one of load, sample, decode, encode and starts that phase's clock; `percent` is 0..100 of the whole
    engine's work, rising, or None when nobody knows.
    """

    async def __call__(self, phase: str, percent: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One job as an engine sees it."""

    job_id: str
    mode: str
    params: Mapping[str, Scalar]
    seed: int
    images: Mapping[str, Path]  # role -> an RGB PNG without metadata, already within the limits
    folder: Path  # the job's own folder on a tmpfs; only files below it may be written
    locale: str
    deadline: datetime | None  # aware UTC; the caller enforces it, an engine may use it to choose
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an engine made: a video inside the order's folder and the facts that would make it again."""

    path: Path
    recipe: Mapping[str, Scalar] = field(default_factory=dict)  # engine, graph hash, models, GPU, ...


class Engine(Protocol):
    """A way to make the file of an order. One order at a time."""

    name: str
    picture_px: int | None
    """The longest side of an input that the engine can use, in pixels; None wants the original size."""

    async def make(self, order: Order, tell: Tell) -> Made:
        """Make the file. Raises EngineFailed; on cancel stops all work before it re-raises CancelledError."""
        ...


@runtime_checkable
class Wears(Protocol):
    """An engine with a server beside it that may die or fill up; the worker is replaced once `worn` is a reason."""

    worn: str | None
