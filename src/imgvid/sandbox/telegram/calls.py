"""The log of what the bot token was used for: one line a call, with how it ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from imgvid.sandbox.telegram.jsons import JsonObject

KEPT = 50_000


@dataclass(slots=True, kw_only=True)
class CallRecord:
    """`status` 0 means that the connection was closed instead of answered; `applied` that the effect happened."""

    at: datetime
    method: str
    seq: int = 0
    chat_id: int | None = None
    message_id: int | None = None
    status: int = 0
    description: str = ""
    applied: bool = False
    took_s: float = 0.0
    bytes_in: int = 0
    fault: int | None = None
    agent: str = ""

    def view(self) -> JsonObject:
        return {
            "seq": self.seq,
            "at": self.at.isoformat(),
            "method": self.method,
            "chat_id": self.chat_id,
            "message_id": self.message_id,
            "status": self.status,
            "description": self.description,
            "applied": self.applied,
            "took_s": round(self.took_s, 6),
            "bytes_in": self.bytes_in,
            "fault": self.fault,
            "agent": self.agent,
        }


class CallLog:
    """The newest calls, in the order in which they ended."""

    def __init__(self) -> None:
        self._kept: deque[CallRecord] = deque(maxlen=KEPT)
        self.seq = 0

    def add(self, call: CallRecord) -> None:
        self.seq += 1
        call.seq = self.seq
        self._kept.append(call)

    def find(self, *, method: str, chat_id: int | None, after: int, limit: int) -> list[CallRecord]:
        """Matching calls, oldest first; with a limit the newest of them."""
        found = [
            call
            for call in self._kept
            if call.seq > after
            and (not method or call.method.casefold() == method.casefold())
            and (chat_id is None or call.chat_id == chat_id)
        ]
        return found[-limit:] if limit else found

    def clear(self) -> None:
        self._kept.clear()
