"""One sentence in a person's language: `say("sk", "ready", id="ab12cd3")`."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle


class Locale(StrEnum):
    """The languages that the bot speaks."""

    EN = "en"
    SK = "sk"
    RU = "ru"


LOCALES: tuple[Locale, ...] = tuple(Locale)
MAKES = "video"  # what a text is about that may be about a picture as well


class TextError(Exception):
    """A text was asked for that does not exist, or without a variable that it needs: a bug of the caller's."""


def locale_for(language_code: str | None) -> Locale:
    """The language for Telegram's optional `language_code` ("sk", "ru-RU", None); English for every other."""
    base = (language_code or "").replace("_", "-").partition("-")[0].lower()
    return Locale(base) if base in set(Locale) else Locale.EN


def say(locale: str, key: str, **args: str | int | float) -> str:
    """The text `key` in `locale` (or in the language that it falls back to), its variables filled from `args`.

    Numbers are written the language's way and choose its plural; what is no quantity (ids, seeds) is passed as str.
    `makes` (image, video or any) says what the text is about where that matters; who does not tell means a video.
    Arguments that the text does not use are ignored. Raises TextError for an unknown key or a missing variable.
    """
    args.setdefault("makes", MAKES)
    bundle = _bundle(locale_for(locale))
    if not bundle.has_message(key):
        raise TextError(f"there is no text {key!r}")
    pattern = bundle.get_message(key).value
    if pattern is None:
        raise TextError(f"text {key!r} has no words")
    text, errors = bundle.format_pattern(pattern, args)
    if errors:
        raise TextError(f"text {key!r} ({locale}) with {sorted(args)}: {'; '.join(map(str, errors))}")
    return str(text)


def keys() -> frozenset[str]:
    """The keys of all texts."""
    return frozenset(_bundle(Locale.EN)._messages)  # fluent.runtime has no public list of them


def source(locale: Locale) -> str:
    """The Fluent file of a language."""
    return resources.files("imgvid.texts").joinpath(f"{locale}.ftl").read_text(encoding="utf-8")


@cache
def _bundle(locale: Locale) -> FluentBundle:
    # Imported here: Fluent brings Babel (0.1 s), and `imgvid dispatcher --help` must stay below half a second.
    from fluent.runtime import FluentBundle, FluentResource

    bundle = FluentBundle([locale.value], use_isolating=False)  # isolation marks break copying of ids
    bundle.add_resource(FluentResource(source(locale)))
    return bundle
