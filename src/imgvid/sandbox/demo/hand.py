"""A person's hand at a card: it opens one, presses the buttons that are there, and finds no others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from imgvid.catalog import Group, Mode
from imgvid.sandbox.telegram.person import Person
from imgvid.sandbox.telegram.shown import Shown

WITHIN_S = 15.0
_COMMANDS = {Group.IMAGE: "/image", Group.VIDEO: "/video"}
_CARD, _MAKE = "k:", ":g"
_YES, _NO = frozenset({"on", "yes", "true", "1"}), frozenset({"off", "no", "false", "0"})


class NoSuchButton(Exception):
    """The chat does not offer what was asked for; the sentence says what it does offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """`send` sends the photo, with the words as its caption."""

    person: Person
    mode: Mode

    async def open(self, words: str, send: Callable[[str | None], Awaitable[object]] | None) -> Shown:
        """The card of the mode. Raises NoSuchButton."""
        if send is not None:
            await send(words or None)
        else:
            await self.person.send_text(f"{_COMMANDS[self.mode.group]} {words}".strip())
        shown = await self._card(lambda message: bool(message.buttons))
        if _find(shown, f":m:{self.mode.id}"):
            shown = await self._press(shown, f":m:{self.mode.id}")
        if any(":m:" in one for one in _data(shown)):
            raise NoSuchButton(f"no button makes {self.mode.id}; the chat shows {_labels(shown)}")
        return shown

    async def set(self, shown: Shown, choices: Mapping[str, str]) -> Shown:
        """Each choice pressed, or typed where it is a text. Raises NoSuchButton."""
        for name, wanted in choices.items():
            shown = await self._set(shown, name, wanted)
        return shown

    async def mark(self, shown: Shown, send: Callable[[], Awaitable[object]]) -> Shown:
        """The second picture of an edit: where to change the first one."""
        return await self._told(await self._press(shown, ":a:mask"), send)

    async def make(self, shown: Shown) -> str:
        """Press Make; what the bot answered."""
        if not _find(shown, _MAKE):
            raise NoSuchButton(f"there is nothing to make yet; the chat says: {' '.join(shown.text.split())}")
        return await self._touch(shown, _MAKE)

    async def _set(self, shown: Shown, name: str, wanted: str) -> Shown:
        param = self.mode.param(name)
        if param is not None and param.text_max:
            return await self._told(await self._press(shown, f":a:{name}"), lambda: self.person.send_text(wanted))
        value = wanted.lower()
        if param is not None and param.is_flag:
            value = "true" if value in _YES else "false" if value in _NO else value
        if not _find(shown, f":v:{name}:{value}") and _find(shown, f":l:{name}"):
            shown = await self._press(shown, f":l:{name}")
        if param is not None and param.is_flag and str(param.default).lower() == value:
            return shown  # the card offers the other value alone
        return await self._press(shown, f":v:{name}:{value}")

    async def _told(self, asked: Shown, tell: Callable[[], Awaitable[object]]) -> Shown:
        """Tell what the card asks for; the card when it has heard."""
        await tell()
        return await self._card(lambda message: _find(message, _MAKE) and message.history != asked.history)

    async def _press(self, shown: Shown, tail: str) -> Shown:
        await self._touch(shown, tail)
        return await self.person.message(shown.message_id)

    async def _touch(self, shown: Shown, tail: str) -> str:
        found = next((one for one in _data(shown) if one.endswith(tail)), None)
        if found is None:
            wanted = tail.strip(":").replace("v:", "", 1).replace(":", "=", 1)
            raise NoSuchButton(f"{self.mode.id} does not offer {wanted}; the card shows {_labels(shown)}")
        answer = await self.person.answer(await self.person.press(shown.message_id, found), timeout_s=WITHIN_S)
        return str(answer.get("text") or "")

    async def _card(self, fits: Callable[[Shown], bool]) -> Shown:
        try:
            return await self.person.bot_message(
                lambda message: any(one.startswith(_CARD) for one in _data(message)) and fits(message),
                timeout_s=WITHIN_S,
            )
        except TimeoutError:
            said = [" ".join(one.text.split()) for one in await self.person.messages() if one.by == "bot" and one.alive]
            raise NoSuchButton(f"no card came; the bot says: {' | '.join(said) or 'nothing'}") from None


def _data(shown: Shown) -> list[str]:
    return [button.data for row in shown.buttons for button in row if button.data is not None]


def _find(shown: Shown, tail: str) -> bool:
    return any(one.endswith(tail) for one in _data(shown))


def _labels(shown: Shown) -> str:
    return ", ".join(f"“{button.text}”" for row in shown.buttons for button in row) or "no button"
