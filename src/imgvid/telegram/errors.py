"""What went wrong between us and the Bot API, split by what the caller may conclude.

    TelegramError
    ├── Unreachable          surely not applied: nothing was sent, or a gateway refused it. Repeat freely.
    ├── OutcomeUnknown       may have been applied: repeat only what is idempotent, or ask the message first
    ├── Flood(retry_after)   surely not applied: 429, wait for this chat and method class
    └── Refused(description) surely not applied: the Bot API said no, and why
        ├── NotModified      the message already shows exactly this: counts as success
        ├── NoText           'there is no text in the message to edit': a video is there
        ├── NoCaption        'there is no caption in the message to edit': a text is there
        ├── MessageGone      the message does not exist (any more)
        ├── Superseded       a newer edit of the same message cut this one off: someone else writes
        ├── ChatGone         blocked, kicked, deactivated, not found, or no right to write
        ├── ChatMigrated     the group became a supergroup; carries its id
        ├── TopicGone        the forum topic does not exist: send without thread_id
        ├── NotEditable      wrong type, owner or markup
        ├── NotDeletable     deleteMessage refused (too old, no right)
        ├── FileTooBig       getFile or our own download limit (20 MB)
        ├── FileUnavailable  the file_id cannot be read; `temporary` tells whether to try again
        ├── UploadTooLarge   413, above 50 MB
        └── BadToken         401 or 404 from the Bot API: token or address are wrong, a person must act

Descriptions are matched case-insensitively by substring; the list is facts/telegram.md 1.5. A body that is not the Bot
API's JSON (a proxy's 502 page) is judged by its status alone. No error ever carries a URL: the URL holds the token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

DEFAULT_RETRY_AFTER = timedelta(seconds=5)  # for a 429 that does not say how long


class TelegramError(Exception):
    """Root of everything that the Bot API client raises."""


class Unreachable(TelegramError):
    """Surely not applied: no connection, or a gateway refused before the Bot API saw it."""


class OutcomeUnknown(TelegramError):
    """May have been applied: the answer was lost, late, or unreadable."""


class Flood(TelegramError):
    """429: not applied; nothing of this method class to this chat before `retry_after` is over."""

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(TelegramError):
    """Not applied: the Bot API answered no; `description` is its own sentence, `status` the HTTP status."""

    def __init__(self, message: str, *, description: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.description = description or message
        self.status = status


class NotModified(Refused):
    """The message already shows exactly this."""


class NoText(Refused):
    """The message carries media, not text: a video has been delivered."""


class NoCaption(Refused):
    """The message carries text, not media: no video has been delivered yet."""


class MessageGone(Refused):
    """The message to edit or delete does not exist."""


class Superseded(Refused):
    """A newer media edit of the same message aborted this one."""


class ChatGone(Refused):
    """The chat cannot be written to: blocked, kicked, deactivated, deleted, not found, or no right to write."""


class ChatMigrated(Refused):
    """The group became the supergroup `new_chat_id`. Message ids do not carry over: never edit there by an old id."""

    def __init__(self, message: str, *, description: str = "", new_chat_id: int) -> None:
        super().__init__(message, description=description)
        self.new_chat_id = new_chat_id


class TopicGone(Refused):
    """The forum topic of `thread_id` does not exist."""


class NotEditable(Refused):
    """The message exists and cannot be edited by us."""


class NotDeletable(Refused):
    """The message exists and cannot be deleted by us."""


class FileTooBig(Refused):
    """Above what getFile hands out (20 MB), or above the caller's own limit."""


class FileUnavailable(Refused):
    """The file cannot be read by this id; `temporary` means that a later try may succeed."""

    def __init__(self, message: str, *, description: str = "", status: int = 400, temporary: bool = False) -> None:
        super().__init__(message, description=description, status=status)
        self.temporary = temporary


class UploadTooLarge(Refused):
    """413: the upload is above the front's limit (50 MB)."""


class BadToken(Refused):
    """401 or 404: wrong token, wrong address, or an unknown method. A person must act."""


# Order matters where one sentence contains another: the first match wins.
_BY_DESCRIPTION: tuple[tuple[str, type[Refused]], ...] = (
    ("message is not modified", NotModified),
    ("there is no text in the message to edit", NoText),
    ("there is no caption in the message to edit", NoCaption),
    ("canceled by new edit message request", Superseded),
    ("message to edit not found", MessageGone),
    ("message was deleted", MessageGone),  # what a media edit under way hears when its message goes (td)
    ("message to delete not found", MessageGone),
    ("message_id_invalid", MessageGone),
    ("message can't be edited", NotEditable),
    ("message media can't be edited", NotEditable),
    ("message can't be deleted", NotDeletable),
    ("message thread not found", TopicGone),
    ("chat not found", ChatGone),
    ("chat_id is empty", ChatGone),
    ("bot was blocked by the user", ChatGone),
    ("user is deactivated", ChatGone),
    ("bot can't initiate conversation with a user", ChatGone),
    ("bot was kicked from", ChatGone),
    ("bot is not a member of", ChatGone),
    ("the group chat was deleted", ChatGone),
    ("not enough rights to send", ChatGone),
    ("have no rights to send", ChatGone),
    ("chat_write_forbidden", ChatGone),
    ("file is too big", FileTooBig),
    ("file is temporarily unavailable", FileUnavailable),
    ("invalid file_id", FileUnavailable),
    ("wrong file identifier", FileUnavailable),
    ("wrong remote file identifier", FileUnavailable),
    ("request entity too large", UploadTooLarge),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one call, before it is judged."""

    method: str
    status: int
    body: bytes
    retry_after_header: str | None = None


def result_of(answer: Answer) -> Any:
    """The `result` of a successful answer; raises the TelegramError that the answer means otherwise."""
    body = _bot_api_json(answer.body)
    if body is None:
        raise _judge_foreign(answer)
    if body["ok"] is True:
        return body.get("result")
    raise _judge(answer, body)


def _bot_api_json(body: bytes) -> Mapping[str, Any] | None:
    """The decoded body when it has the Bot API's shape (an object with a boolean `ok`), else None."""
    try:
        decoded = json.loads(body)
    except ValueError:
        return None
    if isinstance(decoded, dict) and isinstance(decoded.get("ok"), bool):
        return decoded
    return None


def _judge_foreign(answer: Answer) -> TelegramError:
    """The error for an answer that the Bot API did not write: a proxy's page, or half a body."""
    said = f"{answer.method}: HTTP {answer.status} without the Bot API's JSON"
    if answer.status == 413:
        return UploadTooLarge(said, description="Request Entity Too Large", status=413)
    if answer.status == 429:
        return Flood(said, retry_after=_retry_after(answer, {}, ""))
    if 300 <= answer.status < 500 and answer.status != 408:
        return Unreachable(f"{said}: refused before the Bot API")
    return OutcomeUnknown(said)


def _judge(answer: Answer, body: Mapping[str, Any]) -> TelegramError:
    code = body.get("error_code")
    status = code if isinstance(code, int) else answer.status
    description = str(body.get("description") or f"HTTP {status}")
    given = body.get("parameters")
    parameters: Mapping[str, Any] = given if isinstance(given, dict) else {}
    said = f"{answer.method}: {status} {description}"
    moved_to = parameters.get("migrate_to_chat_id")
    if isinstance(moved_to, int):
        return ChatMigrated(said, description=description, new_chat_id=moved_to)
    if status == 429 or "retry_after" in parameters:
        return Flood(said, retry_after=_retry_after(answer, parameters, description))
    if status >= 500:
        return OutcomeUnknown(said)
    return _refusal(said, status, description)


def _refusal(said: str, status: int, description: str) -> Refused:
    if status in {401, 404}:
        return BadToken(said, description=description, status=status)
    if status == 413:
        return UploadTooLarge(said, description=description, status=status)
    lowered = description.lower()
    for words, kind in _BY_DESCRIPTION:
        if words in lowered:
            if kind is FileUnavailable:
                temporary = "temporarily unavailable" in lowered
                return FileUnavailable(said, description=description, status=status, temporary=temporary)
            return kind(said, description=description, status=status)
    if status == 403:
        return ChatGone(said, description=description, status=status)
    return Refused(said, description=description, status=status)


def _retry_after(answer: Answer, parameters: Mapping[str, Any], description: str) -> timedelta:
    """From parameters, else the header, else the sentence, else a guess."""
    given = parameters.get("retry_after")
    if isinstance(given, int | float) and not isinstance(given, bool) and given >= 0:
        return timedelta(seconds=given)
    in_words = re.search(r"retry after (\d+)", description, re.IGNORECASE)
    for text in (answer.retry_after_header or "", in_words.group(1) if in_words else ""):
        if text.isdigit():
            return timedelta(seconds=int(text))
    return DEFAULT_RETRY_AFTER
