"""Every file of the stand-in, in memory: bytes by content, files by their ids, links that expire.

`file_unique_id` belongs to a file for ever; `file_id` is the bot's own name of it, and a photo has one per size. The same
bytes uploaded twice are two files, as on the real service, that share one copy of the bytes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imgvid.sandbox.telegram import pictures
from imgvid.sandbox.telegram.clips import Clip, read_clip
from imgvid.sandbox.telegram.clock import Clock
from imgvid.sandbox.telegram.errors import FILE_TOO_BIG, INVALID_FILE_ID, ApiError, bad
from imgvid.sandbox.telegram.model import File, Kind

MAX_DOWNLOAD_BYTES = 20 << 20  # tdlib/telegram-bot-api Client.h MAX_DOWNLOAD_FILE_SIZE
MAX_UPLOAD_BYTES = 50 << 20  # https://core.telegram.org/bots/api#sending-files
MAX_PHOTO_BYTES = 10 << 20  # tdlib/td FileLoaderUtils.cpp MAX_PHOTO_SIZE
MAX_THUMBNAIL_BYTES = 200 * 1024 - 1  # tdlib/td FileLoaderUtils.cpp MAX_THUMBNAIL_SIZE
LINK_LIFE = timedelta(hours=1)  # https://core.telegram.org/bots/api#file: "at least 1 hour"

_PREFIX = {
    Kind.PHOTO: "AgACAgI",
    Kind.VIDEO: "BAACAgI",
    Kind.ANIMATION: "CgACAgI",
    Kind.DOCUMENT: "BQACAgI",
    Kind.AUDIO: "CQACAgI",
    Kind.VOICE: "AwACAgI",
    Kind.VIDEO_NOTE: "DQACAgI",
    Kind.STICKER: "CAACAgI",
    Kind.LIVE_PHOTO: "EgACAgI",
}
_FOLDER = {
    Kind.PHOTO: ("photos", ".jpg"),
    Kind.VIDEO: ("videos", ".mp4"),
    Kind.ANIMATION: ("animations", ".mp4"),
    Kind.AUDIO: ("music", ".mp3"),
    Kind.VOICE: ("voice", ".oga"),
    Kind.VIDEO_NOTE: ("video_notes", ".mp4"),
    Kind.STICKER: ("stickers", ".webp"),
    Kind.LIVE_PHOTO: ("videos", ".mp4"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a file_id means: a file, and the letter of a photo's size ("" where there is only one)."""

    file: File
    letter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size of a photo as the Bot API lists it. `bytes` is None until that size was made for the first time."""

    letter: str
    file_id: str
    unique: str
    width: int
    height: int
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    named: Named
    expires_at: datetime


class FileStore:
    """Bytes and names. Ids are made from the bot's id, a counter and the seed, so a run can be repeated."""

    def __init__(self, *, bot_id: int, seed: int, clock: Clock) -> None:
        self._bot_id, self._seed, self._clock = bot_id, seed, clock
        self._blobs: dict[str, bytes] = {}
        self._shrunk: dict[tuple[str, str], bytes] = {}
        self._headers: dict[str, pictures.Header | None] = {}
        self._sent_as: dict[tuple[str, int], str] = {}
        self._clips: dict[str, Clip | None] = {}
        self._named: dict[str, Named] = {}
        self._links: dict[str, Link] = {}
        self._paths: dict[str, str] = {}
        self._count = 0

    # -- taking in

    def keep(self, data: bytes) -> str:
        """Remember these bytes; answers their name. The same bytes are kept once."""
        blob = hashlib.sha256(data).hexdigest()
        self._blobs.setdefault(blob, data)
        return blob

    def header(self, blob: str) -> pictures.Header | None:
        """The picture's header, read once per content; None where there is none."""
        if blob not in self._headers:
            try:
                self._headers[blob] = pictures.read_header(self._blobs[blob])
            except pictures.NotAPicture:
                self._headers[blob] = None
        return self._headers[blob]

    async def clip(self, blob: str) -> Clip | None:
        """What the video says of itself, read once per content."""
        if blob not in self._clips:
            self._clips[blob] = await asyncio.to_thread(read_clip, self._blobs[blob])
        return self._clips[blob]

    async def as_photo(self, blob: str, box_px: int) -> str:
        """The blob of the JPEG that a client makes of this picture: itself where nothing is to be done.

        Once per content. Raises pictures.NotAPicture.
        """
        header = self.header(blob)
        if header is None:
            raise pictures.NotAPicture("no picture header")
        if header.plain and max(header.width, header.height) <= box_px:
            return blob
        key = (blob, box_px)
        if key not in self._sent_as:
            self._sent_as[key] = self.keep(await asyncio.to_thread(pictures.recompress, self._blobs[blob], box_px))
        return self._sent_as[key]

    def add(self, file: File) -> File:
        """A new file: gets its file_unique_id and, for the bot, its file_ids."""
        self._count += 1
        added = replace(file, unique=self._digest("u", str(self._count), 11))
        if added.kind is Kind.PHOTO:
            for letter, _, _ in pictures.sizes(added.width, added.height):
                self._named[self.file_id(added, letter)] = Named(file=added, letter=letter)
        else:
            self._named[self.file_id(added)] = Named(file=added)
        return added

    # -- names

    def _digest(self, *parts: str | int) -> str:
        *words, length = parts
        raw = hashlib.sha256("|".join(str(part) for part in (self._seed, *words)).encode()).digest()
        return base64.urlsafe_b64encode(raw * 2).decode()[: int(length)]

    def file_id(self, file: File, letter: str = "") -> str:
        """This bot's name of a file (of a photo's size). Another bot's names would differ."""
        return _PREFIX[file.kind] + self._digest("f", self._bot_id, file.unique, letter, 56)

    def unique_id(self, file: File, letter: str = "") -> str:
        return "AQAD" + self._digest("q", file.unique, letter, 11) if letter else "AgAD" + file.unique

    def sizes(self, file: File) -> list[Size]:
        """A photo's sizes, smallest first; the last holds the bytes that were sent."""
        listed = pictures.sizes(file.width, file.height)
        return [
            Size(
                letter=letter,
                file_id=self.file_id(file, letter),
                unique=self.unique_id(file, letter),
                width=width,
                height=height,
                bytes=file.size if letter == listed[-1][0] else self._made(file.blob, letter),
            )
            for letter, width, height in listed
        ]

    def _made(self, blob: str, letter: str) -> int | None:
        made = self._shrunk.get((blob, letter))
        return None if made is None else len(made)

    def named(self, file_id: str) -> Named | None:
        return self._named.get(file_id)

    # -- giving out

    def blob(self, blob: str) -> bytes:
        return self._blobs[blob]

    async def read(self, named: Named) -> bytes:
        """The bytes of a file, or of a photo's size (made when it is first asked for). Raises NotAPicture."""
        original = self._blobs[named.file.blob]
        listed = {
            letter: (width, height) for letter, width, height in pictures.sizes(named.file.width, named.file.height)
        }
        if named.file.kind is not Kind.PHOTO or named.letter not in listed or named.letter == list(listed)[-1]:
            return original
        key = (named.file.blob, named.letter)
        if key not in self._shrunk:
            self._shrunk[key] = await asyncio.to_thread(pictures.shrink, original, *listed[named.letter])
        return self._shrunk[key]

    def link(self, file_id: str) -> tuple[Named, str]:
        """A `file_path` that works for an hour. Raises ApiError for a foreign id or a file above 20 MB."""
        named = self._named.get(file_id)
        if named is None:
            raise bad(INVALID_FILE_ID) if file_id else ApiError(400, "Bad Request: file_id not specified")
        if named.file.size > MAX_DOWNLOAD_BYTES:
            raise bad(FILE_TOO_BIG)
        path = self._path(file_id, named)
        self._paths[file_id] = path
        self._links[path] = Link(named=named, expires_at=self._clock.now() + LINK_LIFE)
        return named, path

    def _path(self, file_id: str, named: Named) -> str:
        known = self._paths.get(file_id)
        if known is not None and self.follow(known) is not None:
            return known
        folder, suffix = _FOLDER.get(named.file.kind, ("documents", ""))
        if not suffix and named.file.name and "." in named.file.name:
            suffix = "." + named.file.name.rsplit(".", 1)[1]
        return f"{folder}/file_{len(self._links)}{suffix}"

    def follow(self, path: str) -> Named | None:
        """What a link leads to, or None once it has expired."""
        link = self._links.get(path)
        return link.named if link is not None and link.expires_at > self._clock.now() else None

    def expire_links(self) -> int:
        """Every link given out so far is dead from now on; answers how many were alive."""
        now = self._clock.now()
        alive = [path for path, link in self._links.items() if link.expires_at > now]
        for path in alive:
            self._links[path] = replace(self._links[path], expires_at=now)
        return len(alive)
