"""A worker as the platform sees it: when it last showed itself, what it polls, what it has to be told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Worker:
    """`polls` are held requests of it; `stops` are job ids that its next stop poll answers."""

    id: str
    first_seen: float
    last_seen: float
    polls: int = 0
    taken: int = 0
    draining: bool = False  # gets no more work: it is being stopped, or asked for it (stopPod)
    leaving: bool = False  # was sent SIGTERM: its held polls end at once, so that it can go
    stops: list[str] = field(default_factory=list)
