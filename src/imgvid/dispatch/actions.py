"""What a look may find, and what may follow from it: plain data between deciding and doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from imgvid.jobs.errors import Code
from imgvid.jobs.state import State
from imgvid.providers.base import RemoteStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The provider does not know the request (404): unknown, not failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deaf:
    """Nothing was learned; `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameless:
    """The attempt has no request id: its submit's answer was lost, or has not come yet."""


Look = RemoteStatus | Missing | Deaf | Nameless


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """The chat shows the video."""

    result: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """The result waits at the provider: bring it to the chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Another attempt after `wait`."""

    code: Code
    ours: bool
    over: bool
    wait: timedelta
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The end without a video."""

    verdict: State
    code: Code | None
    over: bool
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the message: a video completes the job, a text leads to `then`."""

    then: Again | Close


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The chat became another one; `then` follows there."""

    new_chat_id: int
    then: Again | Close


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Wish the end at the provider and look again."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """Surely not sent: back to the queue, no try used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An attempt of unknown outcome: leave it alone for `span`."""

    span: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing is decided; look again `after`, and write down what was learned."""

    after: timedelta
    begins: bool = False
    worker: str | None = None
    rerun: bool = False
    missing: bool = False
    in_line: bool = False  # accepted, and the provider says that it still waits there
    phase: str | None = None
    percent: int | None = None
    why: str = ""


Action = Complete | Fetch | Again | Close | Ask | Moved | Cancel | GiveBack | Hold | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When to look closely, seconds from lease to finish: from our own history; None while there is none."""

    early_s: float | None = None
    late_s: float | None = None
