"""Every text that the bot may say exists, takes what it is given, and fits where it is shown."""

from __future__ import annotations

import pytest

from imgvid.bot import reception
from imgvid.bot.addressing import COMMANDS
from imgvid.bot.buttons import _CANCELLED
from imgvid.bot.reading import _REFUSALS
from imgvid.bot.setup import menu
from imgvid.bot.voice import ALERT_MAX
from imgvid.jobs.model import Enqueued
from imgvid.jobs.state import State
from imgvid.texts import LOCALES, say

VERDICTS = ("album_late", "album_full", "too_many_pending", "queue_full", "too_fast", "forgetting")


@pytest.mark.parametrize("locale", LOCALES)
def test_answers_to_a_press_are_not_cut(locale: str) -> None:
    for key in {*_CANCELLED.values(), "alert-queued", "alert-stale", "alert-language"}:
        assert len(say(locale, key)) <= ALERT_MAX
    assert len(say(locale, "not-allowed", user="9007199254740991")) <= ALERT_MAX
    for verdict in VERDICTS:
        sentence = reception.refusal(Enqueued(verdict=verdict, job_id=None, short=None, behind=5))
        assert sentence is not None
        assert len(say(locale, sentence[0], **sentence[1])) <= ALERT_MAX, verdict


@pytest.mark.parametrize("verdict", ["queued", "duplicate", "joined"])
def test_what_was_taken_in_is_not_refused(verdict: str) -> None:
    assert reception.refusal(Enqueued(verdict=verdict, job_id=None, short=None, behind=0)) is None


@pytest.mark.parametrize("locale", LOCALES)
def test_menus_refusals_and_states_have_words(locale: str) -> None:
    assert [command.command for command in menu(locale)] == list(COMMANDS)
    assert all(1 <= len(command.description) <= 256 for command in menu(locale))
    assert all(say(locale, key) for key in set(_REFUSALS.values()))
    assert all(say(locale, f"state-{state.value.lower()}") for state in State)
    assert len(say(locale, "bot-name")) <= 64
    assert len(say(locale, "bot-description")) <= 512
    assert len(say(locale, "bot-short-description")) <= 120
