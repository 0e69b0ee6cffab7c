"""Choices as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.catalog import modes
from imgvid.catalog.choices import settle
from imgvid.catalog.shorthand import SEED_BELOW, read

VIDEO, IMAGE = modes()["video"], modes()["image"]


@pytest.mark.parametrize(
    ("text", "wanted", "seed", "rest"),
    [
        ("9:16 8s seed 7", {"aspect": "9:16", "seconds": 8}, 7, ""),
        ("9:16, 8 s She turns around", {"aspect": "9:16", "seconds": 8}, None, "She turns around"),
        ("She turns around\nslowly 8s seed=12", {"seconds": 8}, 12, "She turns around slowly"),
        ("8с 1:1 со звуком Она танцует", {"seconds": 8, "aspect": "1:1", "sound": True}, None, "Она танцует"),
        ("Mačka tancuje 4 sek so zvukom", {"seconds": 4, "sound": True}, None, "Mačka tancuje"),
        ("no sound", {"sound": False}, None, ""),
        ("12s", {"seconds": 12}, None, ""),
        ("a pro skater with sound", {}, None, "a pro skater with sound"),
        ("He wakes at 5:30 and runs", {}, None, "He wakes at 5:30 and runs"),
        ("a  text\n\nwith its own lines", {}, None, "a  text\n\nwith its own lines"),
        ("seed", {}, None, "seed"),
        ("1080p", {}, None, "1080p"),
        ("0:0", {}, None, "0:0"),
        ("", {}, None, ""),
    ],
)
def test_read(text: str, wanted: dict[str, object], seed: int | None, rest: str) -> None:
    found = read(VIDEO, text)
    assert (dict(found.wanted), found.seed, found.rest) == (wanted, seed, rest)


def test_words_beside_something_unmistakable() -> None:
    assert read(IMAGE, "premium 16:9 a castle").wanted == {"quality": "premium", "size": "16:9"}
    assert read(IMAGE, "premium quality wood").rest == "premium quality wood"
    assert read(IMAGE, "premium anime").wanted == {"quality": "premium", "style": "anime"}


@given(st.text(max_size=60), st.sampled_from(sorted(modes())))
def test_any_text_can_be_read_and_loses_no_word_that_was_not_taken(text: str, name: str) -> None:
    found = read(modes()[name], text)
    assert set(found.rest.split()) <= set(text.split())
    if not found.wanted and found.seed is None:
        assert found.rest == text.strip()
    assert found.seed is None or 0 <= found.seed < SEED_BELOW


LIVE = modes()["liveportrait"]


@pytest.mark.parametrize(
    ("text", "wanted", "rest"),
    [
        # alone, and beside something unmistakable: taken off
        ("smile", {"expression": "smile"}, ""),
        ("Úsmev", {"expression": "smile"}, ""),
        ("улыбка", {"expression": "smile"}, ""),
        ("nod 20s", {"expression": "nod", "seconds": 20}, ""),
        ("15 s pokojne", {"expression": "calm", "seconds": 15}, ""),
        # in a sentence: it chooses, and stays what was said
        ("She smiles", {"expression": "smile"}, "She smiles"),
        ("Nech sa babka usmeje!", {"expression": "smile"}, "Nech sa babka usmeje!"),
        ("Пусть бабушка улыбнётся", {"expression": "smile"}, "Пусть бабушка улыбнётся"),
        ("he is nodding, 20s", {"expression": "nod", "seconds": 20}, "he is nodding,"),
        ("Dedko súhlasne prikývne.", {"expression": "nod"}, "Dedko súhlasne prikývne."),
        ("Он кивает", {"expression": "nod"}, "Он кивает"),
        ("a calm smile", {"expression": "smile"}, "a calm smile"),
        ("first a smile, then a nod", {"expression": "smile"}, "first a smile, then a nod"),
        ("completely calm", {"expression": "calm"}, "completely calm"),
        # what is not wanted is no choice
        ("without a smile", {}, "without a smile"),
        ("he doesn't smile", {}, "he doesn't smile"),
        ("bez úsmevu", {}, "bez úsmevu"),
        ("nech sa neusmieva", {}, "nech sa neusmieva"),
        ("не улыбайся", {}, "не улыбайся"),
        ("no smile but nodding", {"expression": "nod"}, "no smile but nodding"),
        # and what only looks like one
        ("a node of the network", {}, "a node of the network"),
        ("Grandma on her birthday", {}, "Grandma on her birthday"),
        ("киви", {}, "киви"),
    ],
)
def test_a_sentence_that_no_model_reads_may_choose(text: str, wanted: dict[str, object], rest: str) -> None:
    found = read(LIVE, text)
    assert (dict(found.wanted), found.rest) == (wanted, rest)


def test_a_sentence_for_a_model_chooses_nothing() -> None:
    assert read(VIDEO, "a guitarist with sound and light").wanted == {}


@pytest.mark.parametrize(("typed", "nearest"), [("5:4", "4:3"), ("2:1", "16:9"), ("1:2", "9:16"), ("3:1", "21:9")])
def test_a_typed_ratio_goes_to_the_nearest_of_sdxl_and_is_told(typed: str, nearest: str) -> None:
    mode = modes()["sdxl-t2i"]
    found = read(mode, f"{typed} a fox in the snow")
    settled = settle(mode, found.wanted)
    assert settled.choices["aspect"] == nearest
    assert [(note.wanted, note.became) for note in settled.notes] == [(typed, nearest)]
