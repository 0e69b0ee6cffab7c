"""The card as people read it, and its buttons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from imgvid.bot import drafts
from imgvid.bot.card import PROMPT_SHOWN, view
from imgvid.bot.card_keys import unpack
from imgvid.bot.offers import Offer
from imgvid.catalog import modes
from imgvid.catalog.choices import Room
from imgvid.catalog.read import parse
from imgvid.store.drafts import Draft
from imgvid.telegram.keyboard import Keyboard
from imgvid.texts import LOCALES, say
from tests.bot.drafted import EDIT, IMAGE, PHOTO_VIDEO, WAN, draft, picture, scene
from tests.catalog.test_read import changed


def rows(keyboard: Keyboard) -> list[list[str]]:
    return [[button.text for button in row] for row in keyboard.rows]


def on_card(mode: Any, memory: dict[str, Any] | None = None, **changes: Any) -> Draft:
    return drafts.choose(draft(**changes), mode, memory or {})


def test_a_photo_is_asked_about_with_the_last_choice_first() -> None:
    asked = view(draft(inputs=(picture(),), prompt="she waves"), scene(memory={"last:photo": "wan22-i2v"}))
    assert asked.text == "\n".join(
        [
            "“she waves”",
            "",
            "What shall I make of it?",
            "",
            "• Photo in motion: five seconds; two photos are its first and last frame",
            "• Edit a photo: changes what you say, everywhere or only in a part that you mark",
            "• Photo to video: 4 or 8 seconds, with sound if you like",
        ]
    )
    assert rows(asked.keyboard) == [["Photo in motion"], ["Edit a photo"], ["Photo to video"], ["Discard"]]


def test_the_settings_of_a_video_from_a_photo() -> None:
    shown = view(on_card(PHOTO_VIDEO, prompt="she waves 5s 3:2 seed 7", inputs=(picture(),)), scene(prices=True))
    assert shown.text == "\n".join(
        [
            "Photo to video",
            "“she waves”",
            "",
            "Length: 4 s",
            "Format: 16:9",
            "Sound: no",
            "",
            "5 s is not offered, the nearest is 4 s.",
            "3:2 is not offered, the nearest is 16:9.",
            "The picture is cut to 16:9: 16 % of it goes, at the top and bottom.",
            "",
            "Takes about 2 min.",
            "Costs about $0.34.",
        ]
    )
    assert rows(shown.keyboard) == [
        ["✓ 4 s", "8 s"],
        ["✓ 16:9", "9:16", "1:1"],
        ["Sound: no", "Change words"],
        ["Make"],
        ["Other mode", "Discard"],
    ]


def test_words_that_only_choose_are_shown_and_not_asked_for() -> None:
    portrait = modes()["liveportrait"]
    offered = Offer(modes=(portrait, WAN))
    shown = view(on_card(portrait, prompt="she smiles", inputs=(picture(),)), scene(offered=offered))
    assert "“she smiles”" in shown.text
    assert "Expression: smile" in shown.text
    assert rows(shown.keyboard) == [
        ["✓ 10 s", "15 s", "20 s"],
        ["Calm", "✓ Smile", "Nod"],
        ["Make"],
        ["Other mode", "Discard"],
    ]


def test_a_seed_is_said_where_it_has_an_effect() -> None:
    assert "Seed: 7" in view(on_card(WAN, prompt="seed 7", inputs=(picture(),)), scene()).text
    unseeded = view(on_card(PHOTO_VIDEO, prompt="seed 7", inputs=(picture(),)), scene())
    assert "7" not in unseeded.text.replace("16:9", "")
    assert not any(label == "Random seed" for row in rows(unseeded.keyboard) for label in row)


def test_the_settings_of_a_picture_and_its_list_of_styles() -> None:
    card = on_card(IMAGE, {"image:quality": "premium"}, among="words", prompt="a cat")
    shown = view(card, scene("sk"))
    assert rows(shown.keyboard) == [
        ["Štandardná", "✓ Prémiová"],
        ["✓ Fotku", "Súbor"],
        ["Formát: 1:1\u00a0»", "Štýl: bez štýlu\u00a0»"],
        ["Vynechať", "Zmeniť popis"],
        ["Vytvoriť"],
        ["Iný režim", "Zahodiť"],
    ]
    assert "Vynechať: nič" in shown.text
    styles = view(card, scene("sk"), page="style")
    assert styles.text == shown.text
    assert rows(styles.keyboard)[0] == ["✓ Bez štýlu", "Fotografia"]
    assert rows(styles.keyboard)[-1] == ["« Späť"]


def test_prices_are_told_to_nobody_unless_the_operator_wants_it() -> None:
    assert "$" not in view(on_card(PHOTO_VIDEO, inputs=(picture(),)), scene()).text
    cheap = view(on_card(IMAGE, among="words", prompt="x 4:3"), scene("ru", prices=True))
    assert "Стоит примерно 0,003 $." in cheap.text
    unpriced = view(on_card(WAN, inputs=(picture(),)), scene(prices=True))
    assert "$0.05" in unpriced.text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_card_that_waits_for_its_photo_says_so_and_offers_nothing_else(locale: str) -> None:
    card = on_card(PHOTO_VIDEO)
    shown = view(card, scene(locale))
    assert say(locale, "ask-image") in shown.text
    assert rows(shown.keyboard) == [[say(locale, "button-other"), say(locale, "button-discard")]]
    alone = view(card, scene(locale, offered=Offer(modes=(PHOTO_VIDEO,))))
    assert rows(alone.keyboard) == [[say(locale, "button-discard")]]


def test_a_card_without_words_where_they_are_needed_asks_and_keeps_its_buttons() -> None:
    shown = view(on_card(EDIT, inputs=(picture(),)), scene())
    assert shown.text.endswith(say("en", "ask-prompt", makes="image"))
    labels = [label for row in rows(shown.keyboard) for label in row]
    assert {"Make", "Mark what to change", "Add words"} <= set(labels)
    in_group = view(on_card(EDIT, inputs=(picture(),)), scene(private=False))
    assert in_group.text.endswith(say("en", "ask-by-reply"))


def test_while_something_else_is_asked_there_is_a_way_back() -> None:
    card = on_card(EDIT, inputs=(picture(),), prompt="a red hat")
    asked = view(drafts.ask(card, "mask"), scene())
    assert say("en", "ask-mask") in asked.text
    assert rows(asked.keyboard) == [["« Back", "Discard"]]
    marked = replace(card, inputs=(picture(), picture(12, role="mask")))
    assert say("en", "card-marked") in view(marked, scene()).text
    assert "Leave out" in view(card, scene()).text
    assert "Leave out" not in view(marked, scene()).text  # has no effect there
    asked = view(drafts.ask(marked, "mask"), scene())
    assert rows(asked.keyboard) == [["« Back", "Remove", "Discard"]]
    asked = view(drafts.ask(on_card(IMAGE, {"image:quality": "premium"}, prompt="x"), "negative"), scene())
    assert say("en", "ask-text", name="Leave out", max=500) in asked.text


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (1600, 900, None),
        (1590, 900, None),
        (2000, 900, "20 % of it goes, at the left and right"),
        (1200, 900, "25 % of it goes, at the top and bottom"),
        (None, None, "If the picture is not 16:9"),
    ],
)
def test_what_is_cut_off_is_said_before_it_is(width: int | None, height: int | None, said: str | None) -> None:
    card = draft(mode="photo-video", params={"aspect": "16:9"}, inputs=(picture(width=width, height=height),))
    text = view(card, scene()).text
    assert ("cut" in text) == (said is not None)
    assert said is None or said in text


def test_two_pictures() -> None:
    both = {"inputs": (picture(), picture(12, role="last"))}
    assert say("en", "card-two-frames") in view(on_card(WAN, **both), scene()).text
    assert say("en", "card-first-only") in view(on_card(PHOTO_VIDEO, **both), scene()).text


def test_a_wish_that_cannot_be_combined_says_why() -> None:
    big = parse(changed(id="photo-video", vram_gb=[{"when": {"seconds": 8}, "is": 80}, {"is": 24}]), "m.toml")
    offered = Offer(modes=(big,), rooms={"photo-video": Room(vram_gb=24)})
    card = drafts.choose(draft(prompt="8s she waves", inputs=(picture(),)), big, {})
    shown = view(card, scene(offered=offered))
    assert f"8 s → 4 s: {say('en', 'refuse-vram')}." in shown.text
    assert ["4 s", "8 s"] not in rows(shown.keyboard)
    assert not any("8 s" in label for row in rows(shown.keyboard) for label in row)


def test_words_that_a_mode_cannot_use_are_named_on_its_card() -> None:
    assert say("en", "prompt-only-link") in view(on_card(WAN, prompt="www.x.y", inputs=(picture(),)), scene()).text
    long = view(on_card(WAN, prompt="word " * 500, inputs=(picture(),)), scene()).text
    assert say("en", "reject-prompt", max=2000) in long
    assert len(long) < PROMPT_SHOWN + 500


def test_a_mode_that_has_gone_asks_anew() -> None:
    only = Offer(modes=(WAN,))
    shown = view(on_card(PHOTO_VIDEO, among="photo-image", inputs=(picture(),)), scene(offered=only))
    assert shown.text.startswith(say("en", "alert-mode-gone"))
    assert rows(shown.keyboard) == [["Photo in motion"], ["Discard"]]
    nothing = view(draft(inputs=(picture(),)), scene(offered=Offer(modes=())))
    assert (nothing.text, rows(nothing.keyboard)) == (say("en", "alert-mode-gone"), [["Discard"]])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mode", modes().values(), ids=lambda mode: mode.id)
def test_every_card_is_whole_in_every_language(locale: str, mode: Any) -> None:
    given = draft(prompt="x" * 1500, inputs=(picture(), picture(12, role="mask"), picture(13, role="last")))
    card = replace(drafts.choose(given, mode, {}), seed=2**53 - 1)
    pages = [None, *(param.name for param in mode.params)]
    offered = Offer(modes=tuple(modes().values()))
    asked = [card, *(drafts.ask(card, what) for what in ("prompt", "mask") if what == "prompt" or mode.input(what))]
    for one in asked:
        for page in pages:
            shown = view(one, scene(locale, offered=offered, prices=True, private=False), page=page)
            assert len(shown.text) <= 4096
            assert "\n\n\n" not in shown.text
            buttons = [button for row in shown.keyboard.rows for button in row]
            assert all(unpack(button.data) is not None for button in buttons)
            assert all(len(row) <= 3 for row in shown.keyboard.rows)
            assert len({button.data for button in buttons}) == len(buttons)
            for row in shown.keyboard.rows:  # what fits beside each other on a phone
                assert sum(len(button.text) for button in row) <= 48, [button.text for button in row]
