from __future__ import annotations

from imgvid.bot.quiet import Quiet


def test_a_flood_gets_one_sentence_and_a_later_mistake_another() -> None:
    quiet, said = Quiet(), []
    for now in [0.0, 0.1, 0.2, 3.0, 6.0, 9.0, 20.0]:
        if quiet.may_say(1, "reject-video", now):
            said.append(now)
            quiet.said(1, "reject-video", now)
    assert said == [0.0, 20.0]


def test_a_flood_that_never_pauses_is_told_again_after_a_minute() -> None:
    quiet, said = Quiet(), []
    for now in range(0, 130, 2):
        if quiet.may_say(1, "x", float(now)):
            said.append(now)
            quiet.said(1, "x", float(now))
    assert said == [0, 62, 124]


def test_other_chats_and_other_texts_have_their_own_quiet() -> None:
    quiet = Quiet()
    quiet.said(1, "x", 0.0)
    assert quiet.may_say(2, "x", 0.0)
    assert quiet.may_say(1, "y", 0.0)


def test_a_sentence_that_did_not_go_out_is_still_due() -> None:
    quiet = Quiet()
    assert quiet.may_say(1, "x", 0.0)
    assert quiet.may_say(1, "x", 0.1)


def test_memory_is_bounded() -> None:
    quiet = Quiet(remember=2)
    for chat in range(5):
        quiet.said(chat, "x", 0.0)
    assert len(quiet._said) == 2
