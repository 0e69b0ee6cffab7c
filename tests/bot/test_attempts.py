from __future__ import annotations

import asyncio
from typing import Any

import pytest

from imgvid.bot.attempts import TRIES, Attempts, RawUpdate, raw_update
from imgvid.store.pool import StoreUnavailable
from tests.bot.messages import EVA, PRIVATE

UPDATE = raw_update({"update_id": 5, "message": {"message_id": 1, "chat": PRIVATE, "from": EVA, "text": "x"}})


class Script:
    """A handler that follows a script: an exception is raised, None is success."""

    def __init__(self, *steps: Exception | None, give_up: tuple[Exception | None, ...] = (None,)) -> None:
        self.steps, self.give_up_steps = list(steps), list(give_up)
        self.handled, self.noted = 0, []

    async def handle(self, _update: RawUpdate, _settle: Any) -> None:
        self.handled += 1
        if (step := self.steps.pop(0)) is not None:
            raise step

    async def give_up(self, _update: RawUpdate, error: Exception) -> None:
        if (step := self.give_up_steps.pop(0)) is not None:
            raise step
        self.noted.append(type(error).__name__)

    def attempts(self, stop: asyncio.Event) -> Attempts:
        return Attempts(handle=self.handle, give_up=self.give_up, stop=stop, pauses_s=(0.0, 0.0))


async def test_a_bad_update_is_tried_three_times_then_noted_and_confirmed() -> None:
    script = Script(*[KeyError("x")] * TRIES)
    assert await script.attempts(asyncio.Event()).run(UPDATE, lambda: None)
    assert (script.handled, script.noted) == (3, ["KeyError"])


async def test_one_that_works_the_second_time_is_not_noted() -> None:
    script = Script(KeyError("x"), None)
    assert await script.attempts(asyncio.Event()).run(UPDATE, lambda: None)
    assert (script.handled, script.noted) == (2, [])


async def test_an_absent_database_uses_up_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgvid.bot.attempts.STORE_PAUSE_S", 0.0)
    away = StoreUnavailable("away")
    script = Script(*[away] * 10, KeyError("x"), away, KeyError("x"), None)
    assert await script.attempts(asyncio.Event()).run(UPDATE, lambda: None)
    assert (script.handled, script.noted) == (14, [])


async def test_also_noting_waits_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgvid.bot.attempts.STORE_PAUSE_S", 0.0)
    script = Script(*[KeyError("x")] * TRIES, give_up=(StoreUnavailable("away"), None))
    assert await script.attempts(asyncio.Event()).run(UPDATE, lambda: None)
    assert script.noted == ["KeyError"]


async def test_told_to_stop_while_the_database_is_away_it_confirms_nothing() -> None:
    stop = asyncio.Event()
    stop.set()
    script = Script(StoreUnavailable("away"))
    assert not await script.attempts(stop).run(UPDATE, lambda: None)


@pytest.mark.parametrize(
    ("body", "kind", "chat", "language"),
    [
        ({"message": {"chat": {"id": -5}, "from": EVA}}, "message", -5, "sk"),
        ({"callback_query": {"id": "1", "from": EVA, "message": {"chat": {"id": -6}}}}, "callback_query", -6, "sk"),
        ({"callback_query": {"id": "1", "from": EVA, "inline_message_id": "x"}}, "callback_query", 7, "sk"),
        ({"my_chat_member": {"chat": {"id": 9}, "from": {"id": 9}}}, "my_chat_member", 9, None),
        ({"something_new": 17}, "something_new", None, None),
        ({}, "empty", None, None),
    ],
)
def test_what_is_known_of_an_update_before_it_is_understood(
    body: dict[str, Any], kind: str, chat: int | None, language: str | None
) -> None:
    update = raw_update({"update_id": 1, **body})
    assert (update.id, update.kind, update.chat_id, update.language_code) == (1, kind, chat, language)
