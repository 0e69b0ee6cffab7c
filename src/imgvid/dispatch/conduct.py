"""How a backend's requests are followed: how often they are looked at, and what it means that one is late or lost. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from imgvid.jobs.errors import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Looks at a request: the first one soon, then in gaps that grow with its age, up to `top`."""

    first: timedelta
    top: timedelta
    growth: float = 0.25  # of the age: a result is told at most a quarter late

    def gap(self, age: timedelta) -> timedelta:
        """Until the next look at a request that was accepted `age` ago."""
        return min(self.top, max(self.first, age * self.growth))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """One backend's ways.

    `narrated`: nobody but us writes to the chat while it works. `rhythms` by lane; a lane without one is looked at as our
    own history suggests. `late`: what an attempt has failed of that is not done in time. `unsure`: the same for a submit
    whose answer was lost and that nothing was heard of.
    """

    narrated: bool = False
    rhythms: Mapping[str, Rhythm] = field(default_factory=dict)
    late: Code = Code.DEADLINE_EXCEEDED
    unsure: Code = Code.WORKER_LOST


WORKERS = Conduct()
"""A backend whose workers edit the message themselves."""
