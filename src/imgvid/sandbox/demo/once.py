"""`--once`: one person, one request, one result, without a page. What a test or a curious shell wants."""

from __future__ import annotations

import asyncio
import mimetypes
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from PIL import Image

from imgvid.catalog import Makes, Mode
from imgvid.media.video import BadVideo, probe
from imgvid.sandbox.demo.hand import Hand, NoSuchButton
from imgvid.sandbox.demo.house import House
from imgvid.sandbox.demo.picture import LAKE, PORTRAIT, made_picture
from imgvid.sandbox.demo.story import read_stories
from imgvid.sandbox.telegram.person import Person
from imgvid.sandbox.telegram.shown import Shown
from imgvid.sandbox.telegram.sim import Sim, SimRefused

LOOK_S = 0.15
_REFUSAL_S = 3.0  # a text without a job for so long is the bot's refusal
_PHOTO_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
_RESULTS = frozenset({"video", "animation", "photo", "document"})
_LOST = frozenset({"FAILED", "CANCELLED"})
_WORDS = "A lighthouse at dusk, waves below it"

Say = Callable[[str], None]


class OnceFailed(Exception):
    """No result; the sentence says what went wrong, with what the bot said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to send. No photos means a made one; several are an album, or a photo and where to change it.

    `mode` None: a photo on its own, as on a house that makes nothing else. `choices` are pressed on the card. `out` None:
    imgvid-<job> here.
    """

    photos: Sequence[Path]
    caption: str | None
    out: Path | None
    limit_s: float
    mode: Mode | None = None
    choices: Mapping[str, str] = field(default_factory=dict)


async def once(house: House, order: Order, say: Say) -> dict[str, Any]:
    """Send, wait, save; answers the facts of the job and of the file. Raises OnceFailed."""
    began = time.monotonic()
    async with Sim(house.outside.url) as sim:
        person = await sim.person("Once", language="en")
        try:
            await (
                _send(person, order.photos, order.caption) if order.mode is None else _ask(person, order, order.mode)
            )
        except (SimRefused, OSError) as error:
            raise OnceFailed(f"the photo could not be sent: {error}") from error
        except NoSuchButton as missing:
            raise OnceFailed(str(missing)) from missing
        say("sent; waiting for the bot")
        try:
            async with asyncio.timeout(order.limit_s):
                shown, story, placeholder_s = await _wait(house, person, say, began)
        except TimeoutError:
            raise OnceFailed(f"nothing within {order.limit_s:g} s; the chat shows {await _chat(person)}") from None
        data = await person.media(shown.message_id)
    out = order.out or Path(f"imgvid-{story['short']}{_ending(shown)}")
    out.write_bytes(data)
    return _facts(out, shown, story) | {"placeholder_s": round(placeholder_s, 3), "file": str(out)}


async def _ask(person: Person, order: Order, mode: Mode) -> None:
    """Through the mode's card. Raises NoSuchButton."""
    hand = Hand(person=person, mode=mode)
    takes = [rule.role for rule in mode.inputs]
    photos, marks = (order.photos[:1], order.photos[1:]) if "mask" in takes else (order.photos, [])
    words = order.caption or (_WORDS if mode.prompt.required else "")
    if takes:
        made = PORTRAIT if mode.faces is not None else LAKE
        shown = await hand.open(words, lambda caption: _send(person, photos, caption, made=made))
    else:
        shown = await hand.open(words, None)
    for mark in marks:
        shown = await hand.mark(shown, lambda mark=mark: _send(person, [mark], None))  # type: ignore[misc]
    shown = await hand.set(shown, order.choices)
    await hand.make(shown)


async def _send(person: Person, photos: Sequence[Path], caption: str | None, *, made: int = LAKE) -> None:
    if not photos:
        await person.send_photo(await asyncio.to_thread(made_picture, made), caption)
        return
    pictures = [path.read_bytes() for path in photos]
    types = [mimetypes.guess_type(path.name)[0] or "application/octet-stream" for path in photos]
    if len(pictures) > 1:
        kind = "photo" if all(one in _PHOTO_TYPES for one in types) else "document"
        await person.send_album(pictures, caption, kind=kind)
    elif types[0] in _PHOTO_TYPES:
        await person.send_photo(pictures[0], caption)
    else:
        await person.send_document(pictures[0], caption, name=photos[0].name, mime_type=types[0])


async def _wait(house: House, person: Person, say: Say, began: float) -> tuple[Shown, dict[str, Any], float]:
    """The message with the result, its job's story, and seconds until the bot's first word."""
    last_said, first_word, refused_since = "", None, None
    while True:
        spoken = [one for one in await person.messages() if one.by == "bot" and one.alive]
        if spoken and first_word is None:
            first_word = time.monotonic() - began
        if spoken and spoken[-1].text != last_said:
            last_said = spoken[-1].text
            say(" / ".join(line for line in last_said.splitlines() if line))
        story = await _newest(house, person)
        if story is None and spoken:
            refused_since = refused_since or time.monotonic()
            if time.monotonic() - refused_since > _REFUSAL_S:
                raise OnceFailed(f"the bot made no job of it; it says: {await _chat(person)}")
        if story is not None and story["state"] in _LOST:
            code = f" ({story['error_code']})" if story["error_code"] else ""
            raise OnceFailed(
                f"job {story['short']} ended {story['state']}{code}; the chat shows: {await _chat(person)}"
            )
        result = next((one for one in spoken if one.kind in _RESULTS), None)
        if result is not None and story is not None and story["state"] == "COMPLETED":
            return result, story, first_word or 0.0
        await asyncio.sleep(LOOK_S)


async def _newest(house: House, person: Person) -> dict[str, Any] | None:
    try:
        stories = await read_stories(house.dsn, chat_id=person.chat_id, limit=1)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return None  # it is being restarted; the next look will tell
    return stories[0] if stories else None


async def _chat(person: Person) -> str:
    """What the bot shows now, in one line."""
    spoken = [one for one in await person.messages() if one.by == "bot" and one.alive]
    return " | ".join(" ".join(one.text.split()) or f"[{one.kind}]" for one in spoken) or "nothing from the bot"


def _ending(shown: Shown) -> str:
    media_type = shown.media.mime_type if shown.media is not None else ""
    return mimetypes.guess_extension(media_type) or ".mp4"


def _facts(out: Path, shown: Shown, story: dict[str, Any]) -> dict[str, Any]:
    about = {
        "job": story["short"],
        "mode": story["mode"],
        "state": story["state"],
        "seconds": story["seconds"],
        "total_s": story["total_s"],
        "kind": shown.kind,
    }
    moving = shown.media is not None and shown.media.mime_type.startswith(Makes.VIDEO)
    if not moving:
        with Image.open(out) as picture:
            return about | {"width": picture.width, "height": picture.height, "bytes": out.stat().st_size}
    try:
        video = probe(out)
    except BadVideo as error:
        raise OnceFailed(f"job {story['short']}: what the chat shows is no readable video: {error}") from error
    return about | {
        "width": video.width,
        "height": video.height,
        "fps": round(video.fps, 3),
        "duration": round(video.duration_s, 3),
        "bytes": video.bytes,
        "audio": video.audio_codec is not None,
        "faststart": video.faststart,
    }
