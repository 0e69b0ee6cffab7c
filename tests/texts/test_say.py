"""The three languages hold together: same keys, same variables, all plural forms, everything renders and fits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fluent.syntax import ast, parse
from fluent.syntax.visitor import Visitor

from imgvid.jobs.errors import Code
from imgvid.jobs.state import State
from imgvid.texts import LOCALES, Locale, failure, keys, locale_for, say
from imgvid.texts.say import TextError, source

# Babel's CLDR categories for whole numbers and fractions of each language.
FORMS = {
    Locale.EN: {"one", "other"},
    Locale.SK: {"one", "few", "many", "other"},
    Locale.RU: {"one", "few", "many", "other"},
}
NUMBERS = {
    "count", "seconds", "row_days", "prompt_days", "position", "percent", "page", "pages", "ratio", "max", "max_mpx",
    "min_px", "low", "high", "minutes", "usd",
}  # fmt: skip


class _Variables(Visitor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.references: set[str] = set()
        self.selectors: list[set[str]] = []
        self.about: list[set[str]] = []

    def visit_VariableReference(self, node: ast.VariableReference) -> None:
        if node.id.name != "makes":
            self.names.add(node.id.name)

    def visit_MessageReference(self, node: ast.MessageReference) -> None:
        self.references.add(node.id.name)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:
        asked = node.selector.id.name if isinstance(node.selector, ast.VariableReference) else ""
        names = {v.key.name for v in node.variants if isinstance(v.key, ast.Identifier)}
        (self.about if asked == "makes" else self.selectors).append(names)
        self.generic_visit(node)


def _messages(locale: Locale) -> dict[str, _Variables]:
    found: dict[str, _Variables] = {}
    for entry in parse(source(locale)).body:
        assert not isinstance(entry, ast.Junk), f"{locale}.ftl: {entry.content!r}"
        if isinstance(entry, ast.Message):
            assert entry.id.name not in found, f"{locale}.ftl says {entry.id.name} twice"
            found[entry.id.name] = variables = _Variables()
            variables.visit(entry.value)
    return found


MESSAGES = {locale: _messages(locale) for locale in LOCALES}


def _variables(locale: Locale, key: str) -> set[str]:
    message = MESSAGES[locale][key]
    return message.names.union(*(_variables(locale, other) for other in message.references))


def _rendered(locale: Locale, key: str, number: int | float = 5, **more: str) -> str:
    args: dict[str, str | int | float] = {
        name: number if name in NUMBERS else f"<{name}>" for name in _variables(locale, key)
    }
    return say(locale, key, **args, **more)


def _everything() -> Iterator[tuple[Locale, str]]:
    return ((locale, key) for locale in LOCALES for key in sorted(MESSAGES[Locale.EN]))


def test_every_language_has_the_same_texts_with_the_same_variables() -> None:
    english = {key: _variables(Locale.EN, key) for key in MESSAGES[Locale.EN]}
    assert keys() == english.keys()
    for locale in LOCALES:
        assert {key: _variables(locale, key) for key in MESSAGES[locale]} == english, locale


@pytest.mark.parametrize("locale", LOCALES)
def test_a_plural_has_every_form_of_its_language(locale: Locale) -> None:
    for key, message in MESSAGES[locale].items():
        for forms in message.selectors:
            assert forms == FORMS[locale], f"{locale}.ftl {key}"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_that_may_be_about_a_picture_knows_what_it_is_about(locale: Locale) -> None:
    for key, message in MESSAGES[locale].items():
        for about in message.about:
            assert about in ({"image", "video"}, {"any", "video"}), f"{locale}.ftl {key}"


@pytest.mark.parametrize("locale", LOCALES)
def test_who_does_not_tell_means_a_video(locale: Locale) -> None:
    told = [key for key in MESSAGES[locale] if MESSAGES[locale][key].about]
    for key in told:
        assert _rendered(locale, key) == _rendered(locale, key, makes="video")
        assert _rendered(locale, key) != _rendered(
            locale, key, makes="image" if "image" in MESSAGES[locale][key].about[0] else "any"
        )
    assert len(told) > 20


def test_every_text_renders_with_every_variable_in_it() -> None:
    for locale, key in _everything():
        for number in (0, 1, 2, 5, 21, 4.5):
            text = _rendered(locale, key, number)
            assert text == text.strip()
            assert text
            for name in _variables(locale, key) - NUMBERS:
                assert f"<{name}>" in text, f"{locale}.ftl {key} loses {name}"
            assert "{" not in text
            assert "\u2068" not in text, "isolation marks break the copying of ids"


@pytest.mark.parametrize(
    ("locale", "count", "words"),
    [
        ("en", 1, "1 unfinished job."), ("en", 2, "2 unfinished jobs."),
        ("sk", 1, "1 nedokončenú úlohu."), ("sk", 3, "3 nedokončené úlohy."), ("sk", 5, "5 nedokončených úloh."),
        ("sk", 21, "21 nedokončených úloh."),
        ("ru", 1, "1 незавершённое задание."), ("ru", 3, "3 незавершённых задания."),
        ("ru", 5, "5 незавершённых заданий."), ("ru", 11, "11 незавершённых заданий."),
        ("ru", 21, "21 незавершённое задание."), ("ru", 22, "22 незавершённых задания."),
    ],
)  # fmt: skip
def test_plurals_follow_the_language(locale: str, count: int, words: str) -> None:
    assert words in say(locale, "limit-pending", count=count)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_failure_code_has_its_text_with_the_short_id(locale: Locale) -> None:
    told = {code: failure(locale, code, "ab12cd3") for code in Code}
    assert all("ab12cd3" in text for text in told.values())
    assert len(set(told.values())) == len(Code), "two codes say the same"
    assert {key for key in keys() if key.startswith("error-")} == {f"error-{c.replace('_', '-')}" for c in Code}


def test_an_unknown_code_is_told_as_ours() -> None:
    assert failure("en", "from_a_newer_worker", "ab12cd3") == failure("en", "internal", "ab12cd3")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_state_has_a_word(locale: Locale) -> None:
    for state in State:
        assert say(locale, f"state-{state.lower()}")


def test_what_telegram_limits_fits() -> None:
    for locale, key in _everything():
        text = _rendered(locale, key)
        if key.startswith("button-"):
            assert len(text) <= 20, f"{locale} {key}"
        if key.startswith("alert-"):
            assert len(text) <= 200, f"{locale} {key}"
        if key.startswith("command-"):
            assert len(text) <= 256, f"{locale} {key}"
        assert len(text) <= 4096
    for locale in LOCALES:
        assert len(say(locale, "bot-name")) <= 64
        assert len(say(locale, "bot-description")) <= 512
        assert len(say(locale, "bot-short-description")) <= 120
        assert len(say(locale, "preview-label")) <= 32


@pytest.mark.parametrize("locale", LOCALES)
def test_help_names_the_commands_of_the_menu(locale: Locale) -> None:
    menu = {key.removeprefix("command-") for key in keys() if key.startswith("command-")} - {"start", "help"}
    assert menu == set(re.findall(r"^/(\w+)", say(locale, "help"), re.MULTILINE))


def test_texts_are_plain() -> None:
    """They are sent without parse_mode, so markup would be shown as it is."""
    for locale, key in _everything():
        assert not re.search(r"\*\*|__|`|</?(b|i|u|code|a)\b|&[a-z]+;", _rendered(locale, key)), f"{locale} {key}"


@pytest.mark.parametrize(
    ("code", "locale"),
    [
        ("sk", "sk"),
        ("ru-RU", "ru"),
        ("en-GB", "en"),
        ("SK", "sk"),
        ("ru_UA", "ru"),
        ("de", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_language_codes(code: str | None, locale: str) -> None:
    assert locale_for(code) == locale


def test_a_missing_variable_or_text_is_a_bug_that_names_itself() -> None:
    with pytest.raises(TextError, match="seconds"):
        say("en", "limit-rate")
    with pytest.raises(TextError, match="no text 'nonsense'"):
        say("en", "nonsense")


def test_numbers_are_written_the_languages_way() -> None:
    assert "4.02 s" in say("en", "caption-length", seconds=4.02)
    assert "4,02 s" in say("sk", "caption-length", seconds=4.02)
    assert "4,02 с" in say("ru", "caption-length", seconds=4.02)
