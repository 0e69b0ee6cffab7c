"""What a method is given, and the table it is entered in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from imgvid.sandbox.telegram.params import Params
from imgvid.sandbox.telegram.world import World


async def _at_once() -> None:
    return None


@dataclass(slots=True, kw_only=True)
class Call:
    """One request: its parameters, and what a fault makes it wait for before the effect (`pause`)."""

    world: World
    params: Params
    pause: Callable[[], Awaitable[None]] = field(default=_at_once)
    message_id: int | None = None  # what it was about, for the call log


@dataclass(frozen=True, slots=True)
class Raw:
    """A result that is JSON text already; `empty` where it lists nothing."""

    text: str
    empty: bool = False


Run = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """`pauses` methods await their own pause in the middle (a media edit under way can be aborted)."""

    name: str
    run: Run
    pauses: bool = False
