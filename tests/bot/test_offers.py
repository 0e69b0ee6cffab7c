"""What is on offer, and what people chose the last time."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.bot import guide, memory
from imgvid.bot.offers import FIRST_S, FRESH_S, Offer, Offers, offer
from imgvid.catalog import Group
from imgvid.store.backends import BackendStore
from imgvid.store.intake import Intake, Lane
from imgvid.store.pool import Database
from imgvid.texts import LOCALES, say
from tests.bot.drafted import EDIT, EVERYTHING, IMAGE, PHOTO_VIDEO, VIDEO, WAN


def lane(backend: str, name: str, cap: int = 1, **facts: Any) -> Lane:
    return Lane(backend=backend, lane=name, cap=cap, facts=facts)


def ids(found: Offer) -> list[str]:
    return [mode.id for mode in found.modes]


def test_before_any_dispatcher_there_is_the_photo_mode() -> None:
    assert ids(offer([])) == ["wan22-i2v"]
    assert offer([]).is_plain


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [
        ([lane("runpod", "video")], ["wan22-i2v"]),
        ([lane("runpod", "video", 0)], []),
        ([lane("runpod", "image")], []),
        ([lane("fal", "image")], ["image-edit", "image"]),
        ([lane("fal", "video"), lane("fal", "image", 0)], ["photo-video", "video"]),
    ],
)
def test_a_mode_is_offered_where_its_backends_lane_has_a_cap(lanes: list[Lane], expected: list[str]) -> None:
    assert ids(offer(lanes)) == expected


def test_facts_become_the_room() -> None:
    found = offer([lane("runpod", "video", vram_gb=48), lane("fal", "video", vram_gb="much")])
    assert found.room(WAN).vram_gb == 48
    assert found.room(VIDEO).vram_gb is None


def test_groups_families_and_what_is_plain() -> None:
    assert EVERYTHING.groups == tuple(Group)
    assert EVERYTHING.among("photo") == (EDIT, PHOTO_VIDEO, WAN)
    assert EVERYTHING.among("words") == (IMAGE, VIDEO)
    assert EVERYTHING.among("photo-image") == (EDIT,)
    assert EVERYTHING.mode("image") is IMAGE
    assert EVERYTHING.mode(None) is None
    assert (EVERYTHING.plain, EVERYTHING.makes) == (None, "any")
    words_too = Offer(modes=(IMAGE, WAN))
    assert (words_too.plain, words_too.is_plain) == (WAN, False)
    assert Offer(modes=(PHOTO_VIDEO,)).plain is None


async def test_backends_are_read_again_after_a_while(database: Database) -> None:
    now = [0.0]
    offers = Offers(intake=Intake(database), clock=lambda: now[0])
    assert ids(await offers.now()) == ["wan22-i2v"]
    backends = BackendStore(database)
    await backends.ensure("fal", "image", 2, {"vram_gb": 7})
    assert ids(await offers.now()) == ["wan22-i2v"]
    now[0] += FIRST_S
    assert ids(await offers.now()) == ["image-edit", "image"]
    await backends.ensure("fal", "video", 2)
    now[0] += FRESH_S - 1
    assert ids(await offers.now()) == ["image-edit", "image"]
    now[0] += 1
    assert ids(await offers.now()) == ["image-edit", "image", "photo-video", "video"]
    await backends.ensure("fal", "image", 3)  # facts stay
    lanes = {(one.backend, one.lane): (one.cap, one.facts) for one in await Intake(database).lanes()}
    assert lanes["fal", "image"] == (3, {"vram_gb": 7})


def test_memory_is_flat_and_holds_no_words() -> None:
    learned = memory.to_remember(IMAGE, {"quality": "premium", "as_file": True, "negative": "secret"})
    assert learned == {
        "last:words": "image",
        "last:image": "image",
        "image:quality": "premium",
        "image:as_file": True,
    }
    assert memory.remembered({**learned, "image:style": ["odd"], "video:sound": True}, IMAGE) == {
        "quality": "premium",
        "as_file": True,
    }


def test_the_last_choice_comes_first_and_spares_the_question_within_a_group() -> None:
    both = (EDIT, PHOTO_VIDEO)
    assert memory.last_first({"last:photo": "photo-video"}, "photo", both) == [PHOTO_VIDEO, EDIT]
    assert memory.last_first({"last:photo": "gone"}, "photo", both) == [EDIT, PHOTO_VIDEO]
    assert memory.known_or_only({"last:photo": "photo-video"}, "photo", both) is None
    assert memory.known_or_only({"last:photo-video": "photo-video"}, "photo-video", (PHOTO_VIDEO, WAN)) is PHOTO_VIDEO
    assert memory.known_or_only({}, "photo-video", (PHOTO_VIDEO, WAN)) is None
    assert memory.known_or_only({}, "photo", (WAN,)) is WAN


@pytest.mark.parametrize("locale", LOCALES)
def test_a_studio_lists_its_ways_and_a_plain_bot_says_what_it_always_said(locale: str) -> None:
    plain, photo_only = offer([]), Offer(modes=(EDIT, PHOTO_VIDEO))
    assert (guide.start(plain), guide.makers(plain)) == ("start", [])
    assert guide.help_text(locale, plain) == ("help", {})
    assert guide.makers(photo_only) == ["photovideo", "edit"]
    key, args = guide.help_text(locale, EVERYTHING)
    text = say(locale, key, **args)
    assert [line[1:].split()[0] for line in text.splitlines() if line.startswith("/")] == [
        "image", "video", "photovideo", "edit", "my", "status", "cancel", "language", "privacy", "deletemydata", "ping",
    ]  # fmt: skip
    assert guide.start(Offer(modes=())) == "reject-nothing"
