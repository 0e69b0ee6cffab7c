"""What one endpoint goes by: its scaling limit, spans and switches. Changed at run time through the control API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from imgvid.sandbox.runpod.words import Status


class BadRequest(ValueError):
    """The caller sent something that the real service would answer with 400; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Spans are seconds. Sources: RunPod's documentation for the documented ones, else a plausible choice."""

    workers_max: int = 3  # documented default of a new endpoint; 0 = nobody is served
    lease_s: float = 30.0  # silence after which a worker is lost; undocumented: three of its pings (10 s each)
    poll_hold_s: float = 20.0  # how long a take or stop poll is held; the SDK waits 90 s
    retention_s: float = 1800.0  # a finished /run job answers this long
    execution_timeout_s: float = 600.0  # documented default
    ttl_s: float = 86400.0  # documented default
    rate_limits: bool = True  # the documented ones of the queue API
    late_progress_reopens: bool = False  # runpod-python#250: progress after the end sets it IN_PROGRESS again
    timeout_state: Status = Status.TIMED_OUT  # documentation names TIMED_OUT and FAILED for the execution timeout
    max_body_bytes: int = 10 * 1024 * 1024  # for /run bodies and for results

    def changed(self, changes: Mapping[str, object]) -> Rules:
        """These rules with some of them changed. Raises BadRequest for an unknown name or a value of a wrong type."""
        clean: dict[str, object] = {}
        for name, value in changes.items():
            clean[name] = self._clean(name, value)
        return replace(self, **clean)  # type: ignore[arg-type]  # each value was checked against its field above

    def _clean(self, name: str, value: object) -> object:
        if name not in {field.name for field in fields(self)}:
            raise BadRequest(f"no rule is named {name}")
        current = getattr(self, name)
        if isinstance(current, bool):
            fits = isinstance(value, bool)
        elif isinstance(current, Status):
            fits = value in {Status.TIMED_OUT, Status.FAILED}
            value = Status(str(value)) if fits else value
        else:
            fits = isinstance(value, (int, float) if isinstance(current, float) else int) and not isinstance(
                value, bool
            )
            fits = fits and value >= 0  # type: ignore[operator]  # a number, as checked in the line above
        if not fits:
            raise BadRequest(f"{name} cannot be {value!r}")
        return value

    def view(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
