from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from imgvid.bot import cards
from imgvid.bot.buttons import is_stale
from imgvid.bot.gate import allowed
from imgvid.config import BotSettings, read
from imgvid.jobs.model import Card
from imgvid.jobs.state import State
from imgvid.texts import LOCALES, span

AT = datetime(2026, 3, 7, 14, 5, tzinfo=UTC)
FIELDS: dict[str, Any] = dict.fromkeys(Card.__dataclass_fields__)
CARD = Card(
    **{
        **FIELDS,
        "id": UUID(int=1),
        "short": "ab12cd3",
        "user_id": 7,
        "chat_id": 7,
        "state": State.QUEUED,
        "prompt": "a very long wish " * 40,
        "seed": 2**52,
        "message_id": 5,
        "created_at": AT,
    }
)


def test_dates_are_written_the_languages_way() -> None:
    assert [cards.when(locale, AT) for locale in LOCALES] == [
        "2026-03-07 14:05 UTC",
        "7. 3. 2026 14:05 UTC",
        "07.03.2026 14:05 UTC",
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_card_tells_what_is_known_and_no_more(locale: str) -> None:
    waiting = cards.status(locale, CARD, ahead=3, with_prompt=True)
    assert "4" in waiting
    assert str(2**52) in waiting
    assert "…" in waiting
    assert "wish" not in cards.status(locale, CARD, ahead=None, with_prompt=False)
    running = replace(CARD, state=State.RUNNING, percent=40)
    assert "40 %" in cards.status(locale, running, ahead=None, with_prompt=False)
    done = replace(CARD, state=State.COMPLETED, finished_at=AT + timedelta(seconds=92))
    assert span(locale, 92) in cards.status(locale, done, ahead=None, with_prompt=False)


def test_positions_are_told_for_the_first_twenty_only() -> None:
    assert len(cards.status("en", CARD, ahead=19, with_prompt=False).splitlines()) == 4
    assert len(cards.status("en", CARD, ahead=20, with_prompt=False).splitlines()) == 3


def test_a_row_is_one_line() -> None:
    row = cards.row("en", replace(CARD, prompt="two\nlines"), with_prompt=True)
    assert row == "ab12cd3 · in the queue · 2026-03-07 14:05 UTC · two lines"
    assert cards.row("en", CARD, with_prompt=False) == "ab12cd3 · in the queue · 2026-03-07 14:05 UTC"


@pytest.mark.parametrize(
    ("state", "is_open"), [(State.QUEUED, True), (State.RUNNING, True), (State.CLOSING, False), (State.FAILED, False)]
)
def test_what_may_still_be_cancelled(state: State, is_open: bool) -> None:
    assert cards.is_open(replace(CARD, state=state)) is is_open


def test_a_message_is_stale_when_it_is_not_the_jobs() -> None:
    assert not is_stale(CARD, chat_id=7, message_id=5)
    assert is_stale(CARD, chat_id=7, message_id=4)
    assert is_stale(CARD, chat_id=8, message_id=5)
    assert not is_stale(replace(CARD, message_id=None), chat_id=7, message_id=4)


@pytest.mark.parametrize(
    ("users", "chats", "admins", "user", "chat", "expected"),
    [
        ("", "", "", 1, 1, True),
        ("", "", "9", 1, 1, True),
        ("1", "", "", 1, -5, True),
        ("2", "", "", 1, 1, False),
        ("", "-5", "", 1, -5, True),
        ("", "-5", "", 1, 1, False),
        ("2", "-5", "1", 1, 1, True),
    ],
)
def test_who_may_use_the_bot(users: str, chats: str, admins: str, user: int, chat: int, expected: bool) -> None:
    environ = {"DATABASE_URL": "postgresql://x", "TELEGRAM_BOT_TOKEN": "4242:abcdefghijkl"}
    settings = read(BotSettings, {**environ, "ALLOWED_USERS": users, "ALLOWED_CHATS": chats, "ADMIN_IDS": admins})
    assert allowed(settings, user_id=user, chat_id=chat) is expected
