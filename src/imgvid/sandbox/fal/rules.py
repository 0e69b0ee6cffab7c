"""What the account and the queue go by; changed at run time through the control API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from imgvid.sandbox.fal.schema import Makes

RESPONSE_URLS = ("bare", "response")
CANCELS = ("stops", "finishes")
WORDS = ("pydantic", "documented")
_CHOICES = {"response_url": RESPONSE_URLS, "running_cancel": CANCELS, "words": WORDS}


class BadRequest(ValueError):
    """The control API's caller asked for something that makes no sense; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Spans are seconds of the stand-in's clock. Sources: facts/models.md 1, else a plausible choice, said beside it."""

    concurrency: int = 2  # requests IN_PROGRESS at a time: a new account's; 0 = nothing starts
    queue_s: float = 0.0  # at least this long IN_QUEUE, as a cold runner makes it
    picture_s: float = 0.1  # at least this long IN_PROGRESS; making it on this CPU may take longer
    video_s: float = 0.3
    retries: int = 10  # runs of one request at most, unless X-Fal-No-Retry forbids a second one
    result_s: float = 3600.0  # the result answers this long after the end
    media_s: float = 604800.0  # a file's lifetime when nobody wished for one: "at least 7 days"
    upload_s: float = 3600.0  # how long an upload address may be used (a choice)
    response_url: str = "bare"  # or "response": .../requests/{id}/response, as fal's own page shows it
    running_cancel: str = "stops"  # or "finishes": the app does not hear the signal, and bills
    words: str = "pydantic"  # or "documented": one_of, sequence_too_short, sequence_too_long
    status_tells_model_errors: bool = False  # observed: a 422 is COMPLETED without `error`; True: as the page has it
    locked: bool = False  # an empty balance: 403 on what costs money
    video_bytes: int = 0  # a video is padded to this size: a heavy file without heavy work

    def work_s(self, makes: Makes) -> float:
        return self.video_s if makes is Makes.VIDEO else self.picture_s

    def changed(self, changes: Mapping[str, object]) -> Rules:
        """These rules with some of them changed. Raises BadRequest for an unknown name or a wrong value."""
        clean = {name: self._clean(name, value) for name, value in changes.items()}
        return replace(self, **clean)  # type: ignore[arg-type]  # each value was checked against its field above

    def _clean(self, name: str, value: object) -> object:
        if name not in {field.name for field in fields(self)}:
            raise BadRequest(f"no rule is named {name}")
        current = getattr(self, name)
        if name in _CHOICES:
            fits = value in _CHOICES[name]
        elif isinstance(current, bool):
            fits = isinstance(value, bool)
        else:
            kind = (int, float) if isinstance(current, float) else int
            fits = isinstance(value, kind) and not isinstance(value, bool) and value >= 0
        if not fits:
            raise BadRequest(f"{name} cannot be {value!r}")
        return value

    def view(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
