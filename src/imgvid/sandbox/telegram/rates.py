"""The flood limits, off by default. Exact limits are not published; these are the published orders of magnitude.

1 message a second in a chat with short bursts, 20 a minute in a group (https://core.telegram.org/bots/faq), edits count
like sends (levlam, tdlib/td#3034). Uploads above 100 kB of the same total size are spaced (tdlib/telegram-bot-api
Client::on_cmd): clamp(size * 1e-7, 0.2, 0.9) s each, refused once the backlog passes 5 s.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta

from imgvid.sandbox.telegram.errors import Impossible, too_many
from imgvid.sandbox.telegram.jsons import JsonObject, as_flag, as_float

GROUP_WINDOW_S = 60.0
_COUNTED = ("send", "edit", "copy", "forward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    enabled: bool = False
    per_chat_per_s: float = 1.0
    burst: float = 5.0
    group_per_min: float = 20.0
    same_size_uploads: bool = False
    latency_s: float = 0.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime

    def take(self, *, now: datetime, per_s: float, burst: float, count: int) -> float:
        """Take `count` tokens: 0 where they were there, else the seconds until they are."""
        self.tokens = min(burst, self.tokens + (now - self.at).total_seconds() * per_s)
        self.at = now
        if self.tokens >= min(count, burst):
            self.tokens -= count
            return 0.0
        return (min(count, burst) - self.tokens) / per_s


class Rates:
    """Token buckets by chat; a refused call takes nothing."""

    def __init__(self) -> None:
        self.rate = Rate()
        self._chats: dict[int, _Bucket] = {}
        self._groups: dict[int, _Bucket] = {}
        self._uploads: dict[int, datetime] = {}

    def set(self, body: JsonObject) -> Rate:
        """Change any fields. Raises Impossible 400 for an unknown name or no number."""
        changes: dict[str, bool | float] = {}
        kinds = {field.name: field.type for field in fields(Rate)}
        for name, value in body.items():
            number = as_float(value)
            if name not in kinds:
                raise Impossible(400, f"a rate has no field {name}")
            if kinds[name] == "bool":
                changes[name] = as_flag(value)
            elif number is not None and number >= 0:
                changes[name] = number
            else:
                raise Impossible(400, f"{name} must be a number of at least 0")
        self.rate = replace(self.rate, **changes)  # type: ignore[arg-type]  # names and kinds were checked above
        return self.rate

    def view(self) -> JsonObject:
        return dict(asdict(self.rate))

    def check(self, *, method: str, chat_id: int | None, group: bool, upload_bytes: int, now: datetime) -> None:
        """Raises ApiError 429 when this call is one too many."""
        if not self.rate.enabled or not method.casefold().startswith(_COUNTED):
            return
        if method.casefold() == "sendchataction":
            return
        wait_s = self._upload_wait(upload_bytes, now)
        if chat_id is not None and not wait_s:
            wait_s = self._chat_wait(chat_id, group, now)
        if wait_s > 0:
            raise too_many(max(1, math.ceil(wait_s)))

    def _chat_wait(self, chat_id: int, group: bool, now: datetime) -> float:
        rate = self.rate
        if group:
            bucket = self._groups.setdefault(chat_id, _Bucket(rate.group_per_min, now))
            per_s = rate.group_per_min / GROUP_WINDOW_S
            wait_s = bucket.take(now=now, per_s=per_s, burst=rate.group_per_min, count=1)
            if wait_s:
                return wait_s
        bucket = self._chats.setdefault(chat_id, _Bucket(rate.burst, now))
        return bucket.take(now=now, per_s=rate.per_chat_per_s, burst=rate.burst, count=1)

    def _upload_wait(self, size: int, now: datetime) -> float:
        if not self.rate.same_size_uploads or size <= 100_000:
            return 0.0
        backlog_s = max(0.0, (self._uploads.get(size, now) - now).total_seconds())
        if backlog_s > 5:
            return backlog_s - 5
        self._uploads[size] = now + timedelta(seconds=backlog_s + min(0.9, max(0.2, size * 1e-7)))
        return 0.0
