"""What presses, texts and pictures make of a card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.bot import drafts
from imgvid.bot.drafts import Refused
from imgvid.bot.reading import Picture
from imgvid.catalog.choices import ANYTHING, Note, Room
from imgvid.catalog.read import parse
from imgvid.jobs.model import Input
from imgvid.store.drafts import Draft
from tests.bot.drafted import EDIT, EVERYTHING, IMAGE, PHOTO_VIDEO, VIDEO, WAN, draft, picture
from tests.catalog.test_read import changed


def sent(message_id: int = 20, width: int | None = 1280, height: int | None = 853) -> Picture:
    return Picture(
        file_id="f",
        file_unique_id="u",
        kind="photo",
        message_id=message_id,
        has_spoiler=False,
        width=width,
        height=height,
    )


def settled(card: Draft, mode: Any = PHOTO_VIDEO) -> dict[str, Any]:
    return dict(drafts.settled(card, mode, ANYTHING).choices)


def test_a_mode_takes_its_shorthand_off_the_caption_and_the_last_choices_fill_in_the_rest() -> None:
    memory = {"photo-video:seconds": 8, "photo-video:sound": True, "photo-video:aspect": "1:1", "image:seconds": 4}
    card = drafts.choose(draft(prompt="4s seed 9 she waves", inputs=(picture(),)), PHOTO_VIDEO, memory)
    assert (card.mode, card.prompt, card.seed, card.awaits) == ("photo-video", "she waves", 9, None)
    # typed beats remembered, the photo's own shape beats the remembered one
    assert settled(card) == {"seconds": 4, "aspect": "16:9", "sound": True}


@pytest.mark.parametrize(
    ("width", "height", "memory", "aspect"),
    [
        (720, 1280, {}, "9:16"),
        (1000, 900, {}, "1:1"),
        (2560, 1080, {"photo-video:aspect": "9:16"}, "16:9"),
        (None, None, {"photo-video:aspect": "9:16"}, "9:16"),
        (None, None, {}, "16:9"),
    ],
)
def test_the_format_is_the_photos_own_where_it_is_known(
    width: int | None, height: int | None, memory: dict[str, Any], aspect: str
) -> None:
    card = drafts.choose(draft(inputs=(picture(width=width, height=height),)), PHOTO_VIDEO, memory)
    assert settled(card)["aspect"] == aspect


def test_a_card_without_its_photo_waits_for_it_and_keeps_what_was_typed() -> None:
    card = drafts.choose(draft(prompt="9:16 she waves"), PHOTO_VIDEO, {"photo-video:seconds": 8})
    assert card.awaits == "image"
    filled = drafts.pictured(card, PHOTO_VIDEO, sent(), None, {"photo-video:seconds": 8})
    assert isinstance(filled, Draft)
    assert (filled.awaits, settled(filled)) == (None, {"seconds": 8, "aspect": "9:16", "sound": False})


def test_shorthand_to_a_card_that_waits_for_its_photo_hides_no_last_choice() -> None:
    card = drafts.choose(draft(), PHOTO_VIDEO, {})
    card = drafts.typed(card, PHOTO_VIDEO, ANYTHING, "so zvukom 8s")  # type: ignore[assignment]
    assert card.params == {"sound": True, "seconds": 8}
    filled = drafts.pictured(card, PHOTO_VIDEO, sent(width=900, height=1600), None, {})
    assert isinstance(filled, Draft)
    assert settled(filled) == {"seconds": 8, "aspect": "9:16", "sound": True}


def test_another_photo_brings_its_own_shape_and_takes_the_mask_away() -> None:
    card = drafts.choose(draft(inputs=(picture(),)), PHOTO_VIDEO, {})
    tall = drafts.pictured(card, PHOTO_VIDEO, sent(width=600, height=1000), None, {})
    assert isinstance(tall, Draft)
    assert settled(tall)["aspect"] == "9:16"
    marked = draft(mode="image-edit", prompt="red", inputs=(picture(), picture(12, role="mask")))
    anew = drafts.pictured(marked, EDIT, sent(), None, {})
    assert isinstance(anew, Draft)
    assert [one.role for one in anew.inputs] == ["image"]


def test_a_pressed_value_changes_nothing_else() -> None:
    card = drafts.choose(draft(inputs=(picture(),), prompt="x 5s"), PHOTO_VIDEO, {})
    assert drafts.settled(card, PHOTO_VIDEO, ANYTHING).notes == (Note(param="seconds", wanted=5, became=4, why=None),)
    pressed = drafts.pick(card, PHOTO_VIDEO, ANYTHING, "sound", True)
    assert drafts.settled(pressed, PHOTO_VIDEO, ANYTHING).notes == ()
    assert settled(pressed) == {"seconds": 4, "aspect": "16:9", "sound": True}


def test_a_text_that_does_not_apply_for_a_while_is_not_lost() -> None:
    card = drafts.choose(draft(among="words", prompt="a cat"), IMAGE, {"image:quality": "premium"})
    card = drafts.typed(drafts.ask(card, "negative"), IMAGE, ANYTHING, "dogs 8s")  # type: ignore[assignment]
    assert settled(card, IMAGE)["negative"] == "dogs 8s"
    standard = drafts.pick(card, IMAGE, ANYTHING, "quality", "standard")
    assert "negative" not in settled(standard, IMAGE)
    premium = drafts.pick(standard, IMAGE, ANYTHING, "quality", "premium")
    assert settled(premium, IMAGE)["negative"] == "dogs 8s"
    assert "negative" not in settled(drafts.without(premium, IMAGE, "negative"), IMAGE)


def test_words_typed_to_a_card() -> None:
    card = drafts.choose(draft(inputs=(picture(),), prompt="old words"), PHOTO_VIDEO, {})
    only_choices = drafts.typed(card, PHOTO_VIDEO, ANYTHING, "9:16 8s seed 7")
    assert isinstance(only_choices, Draft)
    assert (only_choices.prompt, only_choices.seed) == ("old words", 7)
    assert settled(only_choices) == {"seconds": 8, "aspect": "9:16", "sound": False}
    both = drafts.typed(only_choices, PHOTO_VIDEO, ANYTHING, "new words 4s")
    assert isinstance(both, Draft)
    assert (both.prompt, settled(both)["seconds"], settled(both)["aspect"]) == ("new words", 4, "9:16")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://example.com/x", "prompt-only-link"),
        ("www.example.com t.me/abc", "prompt-only-link"),
        ("x" * 2001, "reject-prompt"),
    ],
)
def test_words_that_cannot_be_used_are_refused_on_the_spot(text: str, key: str) -> None:
    refused = drafts.typed(draft(mode="image", among="words"), IMAGE, ANYTHING, text)
    assert isinstance(refused, Refused)
    assert refused.key == key
    assert drafts.prompt_problem(IMAGE, "a link such as https://example.com is fine among words") is None


def test_a_text_parameter_has_its_own_bound() -> None:
    refused = drafts.typed(draft(mode="image", prompt="x", awaits="negative"), IMAGE, ANYTHING, "y" * 501)
    assert refused == Refused(key="reject-prompt", args={"max": 500})


def test_what_a_mode_cannot_do_without() -> None:
    assert drafts.problem(draft(), PHOTO_VIDEO) == Refused(key="photo-missing")
    assert drafts.problem(draft(inputs=(picture(),)), PHOTO_VIDEO) is None
    assert drafts.problem(draft(inputs=(picture(),)), EDIT) == Refused(key="prompt-missing")
    assert drafts.problem(draft(inputs=(picture(),), prompt="t.me/x"), EDIT) == Refused(key="prompt-only-link")
    assert drafts.problem(draft(among="words"), VIDEO) == Refused(key="prompt-missing")


def test_asking_and_going_back() -> None:
    card = drafts.choose(draft(inputs=(picture(),), prompt="red hat"), EDIT, {})
    asked = drafts.ask(card, "mask")
    assert (card.awaits, asked.awaits, drafts.back(asked, EDIT).awaits) == (None, "mask", None)
    wordless = drafts.choose(draft(inputs=(picture(),)), EDIT, {})
    assert drafts.back(drafts.ask(wordless, "mask"), EDIT).awaits == "prompt"
    assert drafts.without(replace(card, seed=4), EDIT, "seed").seed is None
    assert drafts.without(card, EDIT, "prompt").awaits == "prompt"


@pytest.mark.parametrize(
    ("mask", "taken"),
    [
        (sent(width=640, height=427), True),  # scaled by the client: off by less than 2 %
        (sent(width=853, height=1280), False),
        (sent(width=1280, height=880), False),
        (sent(width=None, height=None), True),  # a file: who has the bytes looks again
    ],
)
def test_a_mask_has_the_shape_of_its_picture(mask: Picture, taken: bool) -> None:
    card = draft(mode="image-edit", inputs=(picture(),), prompt="red", awaits="mask")
    marked = drafts.pictured(card, EDIT, mask, None, {})
    if not taken:
        assert marked == Refused(key="mask-mismatch")
        return
    assert isinstance(marked, Draft)
    assert (drafts.roles(marked, EDIT), marked.awaits) == (("image", "mask"), None)
    assert drafts.roles(drafts.without(marked, EDIT, "mask"), EDIT) == ("image",)
    again = drafts.pictured(replace(marked, awaits="mask"), EDIT, mask, None, {})
    assert isinstance(again, Draft)
    assert len(again.inputs) == 2


def test_an_albums_second_picture_is_its_last_frame_and_a_third_is_too_many() -> None:
    card = draft(inputs=(picture(21),), album="9")
    both = drafts.pictured(card, None, sent(20), "9", {})
    assert isinstance(both, Draft)
    assert [(one.role, one.message_id) for one in both.inputs] == [("image", 20), ("last", 21)]
    assert drafts.pictured(both, None, sent(22), "9", {}) == Refused(key="reject-third")
    assert drafts.roles(both, WAN) == ("image", "last")
    assert drafts.roles(both, PHOTO_VIDEO) == ("image",)
    other = drafts.pictured(both, None, sent(23), "10", {})
    assert isinstance(other, Draft)
    assert [one.message_id for one in other.inputs] == [23]


def test_other_mode_keeps_what_was_said() -> None:
    card = drafts.choose(draft(inputs=(picture(),), prompt="8s with sound she waves"), PHOTO_VIDEO, {})
    asked = drafts.other(card, "photo")
    assert (asked.mode, asked.prompt, asked.inputs) == (None, "she waves", card.inputs)
    again = drafts.choose(asked, PHOTO_VIDEO, {})
    assert settled(again) == settled(card)


def test_where_not_even_the_defaults_fit_the_first_that_fits_stands_in() -> None:
    big = parse(changed(vram_gb=[{"when": {"seconds": 4}, "is": 80}, {"is": 48}], refuses=[]), "m.toml")
    found = drafts.settled(draft(mode="m", inputs=(picture(),)), big, Room(vram_gb=48))
    assert found.choices["seconds"] == 8


def test_values_of_buttons() -> None:
    seconds, sound = PHOTO_VIDEO.param("seconds"), PHOTO_VIDEO.param("sound")
    assert seconds is not None
    assert sound is not None
    assert [drafts.value_of(seconds, text) for text in ("8", "9", "")] == [8, None, None]
    assert [drafts.value_of(sound, text) for text in ("true", "false", "yes")] == [True, False, None]


def test_a_message_is_heard_once() -> None:
    card = drafts.heard(drafts.heard(draft(), 5), 5)
    assert card.heard == (5,)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.sampled_from(["8s", "9:16", "seed 7", "a cat 4s with sound", "x", "12s 3:2"])),
        st.tuples(
            st.just("press"), st.sampled_from(["seconds", "aspect", "sound", "quality", "size", "as_file", "style"])
        ),
        st.tuples(st.just("mode"), st.sampled_from(sorted(mode.id for mode in EVERYTHING.modes))),
        st.tuples(st.just("photo"), st.sampled_from(["320x240", "240x320"])),
        st.tuples(st.just("ask"), st.sampled_from(["prompt", "mask", "negative"])),
    ),
    max_size=8,
)


@given(STEPS)
def test_whatever_a_person_does_the_card_can_be_made_or_says_what_is_missing(steps: list[tuple[str, str]]) -> None:
    card: Draft = draft(inputs=(picture(),))
    for number, (kind, what) in enumerate(steps):
        mode = EVERYTHING.mode(card.mode)
        after: Draft | Refused = card
        if kind == "mode":
            chosen = EVERYTHING.mode(what)
            assert chosen is not None
            after = drafts.choose(card, chosen, {})
        elif kind == "type":
            after = drafts.typed(card, mode, ANYTHING, what)
        elif kind == "photo":
            width, _, height = what.partition("x")
            after = drafts.pictured(card, mode, sent(30 + number, int(width), int(height)), None, {})
        elif mode is not None and kind == "ask":
            after = drafts.ask(card, what)
        elif mode is not None and (param := mode.param(what)) is not None:
            after = drafts.pick(card, mode, ANYTHING, what, (param.values or (True,))[-1])
        card = after if isinstance(after, Draft) else card
    mode = EVERYTHING.mode(card.mode)
    if mode is None:
        return
    choices = drafts.settled(card, mode, ANYTHING).choices
    assert all(mode.param(name) is not None for name in choices)
    assert isinstance(drafts.problem(card, mode), Refused) == (drafts.missing(card, mode) is not None)
    inputs: tuple[Input, ...] = drafts.used(card, mode)
    assert len({one.role for one in inputs}) == len(inputs)
