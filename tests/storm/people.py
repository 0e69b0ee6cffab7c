"""Ten people who send photos, sometimes broken ones, and sometimes change their minds. Each photo has a colour of its own."""

from __future__ import annotations

import asyncio
import colorsys
import io
import random
from dataclasses import dataclass, field

import httpx
from PIL import Image

from imgvid.sandbox.telegram import Person, Sim, SimRefused

CANCEL_SHARE = 0.12
BROKEN_SHARE = 0.06
MOVING = frozenset({"video", "animation"})


@dataclass(slots=True, kw_only=True)
class Sent:
    """One photo: who sent it, in which message, with which colour; broken ones can only fail."""

    person: Person
    message_id: int
    colour: tuple[int, int, int]
    broken: bool


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Who is there and what was sent so far."""

    people: list[Person]
    rng: random.Random
    sent: list[Sent] = field(default_factory=list)
    errors: int = 0  # presses that came too late, which is fine

    async def live(self, sim: Sim, stop: asyncio.Event, *, open_per_person: int) -> None:
        """Keep everybody busy until `stop`: a new photo whenever a person has fewer open ones."""
        await asyncio.gather(*(self._one(person, stop, open_per_person) for person in self.people))

    async def _one(self, person: Person, stop: asyncio.Event, open_per_person: int) -> None:
        while not stop.is_set():
            mine = [sent for sent in self.sent if sent.person is person]
            if len(mine) - await finished(person) < open_per_person:
                await self._send(person)
            elif self.rng.random() < CANCEL_SHARE:
                await self._cancel_one(person)
            try:
                async with asyncio.timeout(self.rng.uniform(0.5, 2.5)):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _send(self, person: Person) -> None:
        colour = colour_of(len(self.sent))
        broken = self.rng.random() < BROKEN_SHARE
        picture = photo(colour)
        if broken:
            shown = await person.send_document(picture[: len(picture) // 3], name="photo.jpg", mime_type="image/jpeg")
        else:
            shown = await person.send_photo(picture, caption=f"storm {len(self.sent)}")
        self.sent.append(Sent(person=person, message_id=shown.message_id, colour=colour, broken=broken))

    async def _cancel_one(self, person: Person) -> None:
        shown = [
            one
            for one in await person.messages()
            if one.by == "bot" and one.alive and one.kind == "text" and one.buttons
        ]
        pressable = [(one.message_id, one.buttons[0][0].data or "") for one in shown]
        pressable = [(message, data) for message, data in pressable if data.startswith("c:")]
        if pressable:
            message, data = self.rng.choice(pressable)
            try:
                await person.press(message, data)
            except (SimRefused, httpx.HTTPError):
                self.errors += 1


async def finished(person: Person) -> int:
    """How many of the person's jobs show their end in the chat: a video, or a text that offers Again and no Cancel."""
    ended = 0
    for one in await person.messages():
        if one.by == "bot" and one.alive:
            offers = {(button.data or "").split(":")[0] for row in one.buttons for button in row}
            ended += one.kind in MOVING or (one.kind == "text" and "a" in offers and "c" not in offers)
    return ended


def colour_of(n: int) -> tuple[int, int, int]:
    """The n-th of many well-spaced colours."""
    hue = (n * 0.61803398875) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.55 + 0.4 * ((n * 7) % 3) / 2, 0.45 + 0.5 * ((n * 5) % 4) / 3)
    return round(red * 255), round(green * 255), round(blue * 255)


def photo(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG", quality=92)
    return out.getvalue()
