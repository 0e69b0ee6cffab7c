"""Looking at cards as a person does."""

from __future__ import annotations

from imgvid.sandbox.telegram import Person
from imgvid.sandbox.telegram.shown import Shown
from tests.bot.pictures import jpeg

ALL = ("runpod/video", "fal/image", "fal/video")
"""Everything that Fal and the photo mode make."""


def labels(shown: Shown) -> list[list[str]]:
    return [[button.text for button in row] for row in shown.buttons]


def data(shown: Shown) -> list[str]:
    return [str(button.data) for row in shown.buttons for button in row]


def has(shown: Shown, tail: str) -> bool:
    """Whether a button's data ends like this: `:g` is Make."""
    return any(one.endswith(tail) for one in data(shown))


def button(shown: Shown, tail: str) -> str:
    return next(one for one in data(shown) if one.endswith(tail))


async def card(person: Person, *parts: str) -> Shown:
    """The newest living card of the bot that says all this."""
    return await person.bot_message(
        lambda message: (
            any(one.startswith("k:") for one in data(message)) and all(part in message.text for part in parts)
        )
    )


async def press(person: Person, shown: Shown, tail: str) -> dict[str, object]:
    """Press the button whose data ends like this; the bot's answer, after which the card is up to date."""
    return await person.answer(await person.press(shown.message_id, button(shown, tail)))


async def choose(person: Person, shown: Shown, tail: str) -> Shown:
    """Press, and the message as it is then."""
    await press(person, shown, tail)
    return await person.message(shown.message_id)


async def ready_card(eva: Person, caption: str = "she waves") -> Shown:
    """A card of the photo → video mode that only Make is missing from."""
    await eva.send_photo(jpeg(640, 480), caption)
    return await choose(eva, await card(eva), ":m:photo-video")
