"""The catalogue and the texts hold together: whatever a person may see of a mode has words in three languages."""

from __future__ import annotations

import pytest

from imgvid.bot import labels
from imgvid.bot.guide import privacy
from imgvid.bot.offers import Offer
from imgvid.catalog import Group, Mode, modes
from imgvid.catalog.choices import VRAM
from imgvid.catalog.param import Param
from imgvid.jobs.errors import Code
from imgvid.texts import LOCALES, failure, keys, say
from imgvid.texts.say import TextError

SECONDS = Param(name="seconds", values=(10, 15, 20), unit="s")
ALL = list(modes().values())


def is_word(value: object) -> bool:
    return isinstance(value, str) and not value[0].isdigit()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mode", ALL, ids=lambda mode: mode.id)
def test_a_mode_has_its_texts(locale: str, mode: Mode) -> None:
    assert len(say(locale, f"mode-{mode.id}")) <= 30
    assert len(say(locale, f"about-{mode.id}")) <= 90
    for param in mode.params:
        assert len(labels.of_param(locale, param.name)) <= 16
        for value in param.values or (() if param.text_max else (True, False)):
            label = labels.of_value(locale, param, value)
            assert label
            assert len(label) <= 16
            if is_word(value):
                assert f"choice-{param.name}-{value}".replace("_", "-") in keys(), f"{param.name} {value} has no word"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_refusal_has_its_words(locale: str) -> None:
    whys = {VRAM, *(refusal.why for mode in modes().values() for refusal in mode.refuses)}
    assert all(say(locale, why) for why in whys)
    assert whys == {key for key in keys() if key.startswith("refuse-")}, "a refusal that nobody meets"


@pytest.mark.parametrize("locale", LOCALES)
def test_groups_have_a_label_and_a_line(locale: str) -> None:
    for group in Group:
        assert len(labels.of_group(locale, group)) <= 16
        assert len(say(locale, f"about-group-{group}")) <= 256


def test_texts_of_modes_and_choices_that_are_gone_are_gone() -> None:
    ids = {mode.id for mode in ALL} | {f"group-{group}" for group in Group}
    assert {key.removeprefix("about-") for key in keys() if key.startswith("about-")} == ids
    params = {param.name.replace("_", "-"): param for mode in ALL for param in mode.params}
    assert {key.removeprefix("param-") for key in keys() if key.startswith("param-")} == set(params)
    values = {
        f"choice-{param.name}-{str(value).lower()}".replace("_", "-")
        for mode in ALL
        for param in mode.params
        for value in (param.values or (True, False))
    }
    assert {key for key in keys() if key.startswith("choice-")} <= values


def test_values_are_written_as_people_read_them() -> None:
    assert labels.of_value("ru", SECONDS, 12) == "12 с"
    assert labels.of_value("en", Param(name="resolution", values=(720, 1080), unit="p"), 1080) == "1080p"
    assert labels.of_value("sk", Param(name="aspect", values=("16:9", "1:1")), "21:9") == "21:9"
    assert labels.of_value("sk", Param(name="style", values=("none", "3d")), "3d") == "3D"
    assert labels.of_value("en", Param(name="sound"), True) == "yes"
    assert labels.of_value("en", Param(name="negative", text_max=50), None) == "nothing"
    with pytest.raises(TextError):
        labels.of_param("en", "loudness")


SPOT = {
    Code.PROMPT_MISSING: "prompt-missing",
    Code.PROMPT_ONLY_LINK: "prompt-only-link",
    Code.PROMPT_TOO_LONG: "prompt-too-long",
    Code.MASK_MISMATCH: "mask-mismatch",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_said_on_the_spot_is_what_the_failed_job_would_say(locale: str) -> None:
    for code, key in SPOT.items():
        assert failure(locale, code, "ab12cd3").startswith(say(locale, key)), code
    spot, late = say(locale, "reject-prompt", max=7), say(locale, "prompt-too-long")
    assert late.startswith(spot[:15]), "the same beginning, and then the number"


def test_privacy_names_who_else_works_for_us() -> None:
    assert privacy(Offer(modes=(modes()["wan22-i2v"],))) == []
    assert privacy(Offer(modes=(modes()["wan22-i2v"], modes()["image"]))) == ["privacy-runpod", "privacy-fal"]
    assert {key for key in keys() if key.startswith("privacy-")} == {
        "privacy-runpod", "privacy-fal", "privacy-comfyui",
    }  # fmt: skip
