"""From what a request names (a part, a file_id) to the content of a message, with the limits of each kind."""

from __future__ import annotations

import mimetypes

from imgvid.sandbox.telegram import errors, pictures
from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.files import MAX_PHOTO_BYTES, MAX_THUMBNAIL_BYTES
from imgvid.sandbox.telegram.jsons import JsonObject, as_flag, as_int, as_text
from imgvid.sandbox.telegram.methods.texts import caption
from imgvid.sandbox.telegram.model import Content, File, Kind
from imgvid.sandbox.telegram.params import Params, Upload
from imgvid.sandbox.telegram.world import World

MAX_SIDE = 10_000  # Client.h MAX_LENGTH
MAX_DURATION_S = 86_400  # Client.h MAX_DURATION
MAX_PHOTO_SIDES = 10_000  # width + height: https://core.telegram.org/bots/api#sendphoto
MAX_PHOTO_RATIO = 20
SENDABLE = (
    Kind.PHOTO,
    Kind.VIDEO,
    Kind.ANIMATION,
    Kind.DOCUMENT,
    Kind.AUDIO,
    Kind.VOICE,
    Kind.VIDEO_NOTE,
    Kind.STICKER,
)
_TYPE_NAMES = {Kind.PHOTO: "Photo", Kind.VIDEO: "Video", Kind.ANIMATION: "Animation", Kind.DOCUMENT: "Document"}
_DEFAULT_MIME = {
    Kind.VIDEO: "video/mp4",
    Kind.ANIMATION: "video/mp4",
    Kind.AUDIO: "audio/mpeg",
    Kind.VOICE: "audio/ogg",
}


async def content_of(
    world: World, params: Params, kind: Kind, source: str, fields: JsonObject, *, in_album: bool = False
) -> Content:
    """The content that `source` (attach://…, a file_id, or the name of a part) and `fields` describe.

    `fields` are the request's own, or those of an InputMedia. Raises ApiError.
    """
    text, entities = caption(fields)
    file = await file_of(world, params, kind, source, fields, in_album=in_album)
    return Content(
        kind=file.kind,
        text=text,
        entities=entities,
        file=file,
        thumbnail=_thumbnail(world, params, fields),
        cover=await _cover(world, params, fields) if kind is Kind.VIDEO else None,
        spoiler=as_flag(fields.get("has_spoiler")),
        caption_above=as_flag(fields.get("show_caption_above_media")),
    )


async def file_of(
    world: World, params: Params, kind: Kind, source: str, fields: JsonObject, *, in_album: bool = False
) -> File:
    """The stored file: a new one for an upload, the old one for a file_id (whose type cannot change)."""
    upload = params.attached(source)
    if upload is not None:
        return await _store(world, kind, upload, fields, in_album=in_album)
    if source.startswith("attach://"):
        raise bad(errors.MEDIA_NOT_FOUND)
    if "://" in source:
        raise bad(errors.URL_FAILED)  # nothing outside this machine is fetched
    named = world.files.named(source)
    if named is None:
        raise bad(errors.WRONG_FILE)
    same = named.file.kind is kind or {named.file.kind, kind} == {Kind.VIDEO, Kind.ANIMATION}
    if not same:
        raise bad(f"can't use file of type {_type_name(named.file.kind)} as {_type_name(kind)}")
    return named.file


def _type_name(kind: Kind) -> str:
    return _TYPE_NAMES.get(kind, kind.value.title().replace("_", ""))


async def _store(world: World, kind: Kind, upload: Upload, fields: JsonObject, *, in_album: bool) -> File:
    if not upload.data:
        raise bad("file must be non-empty")
    blob = world.files.keep(upload.data)
    if kind is Kind.PHOTO:
        return await _store_photo(world, blob, upload)
    clip = await world.files.clip(blob) if kind in {Kind.VIDEO, Kind.ANIMATION, Kind.VIDEO_NOTE} else None
    sound = clip.audio if clip is not None else None
    if kind is Kind.VIDEO and clip is not None and not clip.audio and not in_album:
        kind = Kind.ANIMATION  # a silent MP4: nosound_video is set for album items only (td MessageContent.cpp)
    if clip is not None:
        width, height, duration = clip.width, clip.height, clip.duration
    else:
        width, height, duration = 0, 0, 0
    guessed = mimetypes.guess_type(upload.filename or "")[0]
    return world.files.add(
        File(
            unique="",
            kind=kind,
            blob=blob,
            size=len(upload.data),
            mime=_DEFAULT_MIME.get(kind) or guessed or "application/octet-stream",
            name=upload.filename,
            width=_clamped(fields, "width", MAX_SIDE) or width,
            height=_clamped(fields, "height", MAX_SIDE) or height,
            duration=_clamped(fields, "duration", MAX_DURATION_S) or duration,
            audio=sound,
        )
    )


def _clamped(fields: JsonObject, name: str, most: int) -> int:
    return max(0, min(most, as_int(fields.get(name)) or 0))


async def _store_photo(world: World, blob: str, upload: Upload) -> File:
    size = len(upload.data)
    if size > MAX_PHOTO_BYTES:
        raise bad(f"file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes")
    header = world.files.header(blob)
    if header is None:
        raise bad("IMAGE_PROCESS_FAILED")
    short, long = sorted((header.width, header.height))
    if short + long > MAX_PHOTO_SIDES or long > MAX_PHOTO_RATIO * short:
        raise bad("PHOTO_INVALID_DIMENSIONS")
    try:
        blob = await world.files.as_photo(blob, pictures.HD_BOX_PX)
    except pictures.NotAPicture:
        raise bad("IMAGE_PROCESS_FAILED") from None
    return add_photo(world, blob)


def add_photo(world: World, blob: str, *, told_bytes: int | None = None) -> File:
    """A photo of these bytes, whose header is known to be readable."""
    header = world.files.header(blob)
    if header is None:
        raise bad("IMAGE_PROCESS_FAILED")
    size = len(world.files.blob(blob)) if told_bytes is None else told_bytes
    return world.files.add(
        File(
            unique="",
            kind=Kind.PHOTO,
            blob=blob,
            size=size,
            mime="image/jpeg",
            width=header.width,
            height=header.height,
        )
    )


def _thumbnail(world: World, params: Params, fields: JsonObject) -> File | None:
    """An uploaded JPEG thumbnail; anything that was not uploaded is ignored, as the Bot API says."""
    named = as_text(fields.get("thumbnail"))
    upload = params.attached(named) if named.startswith("attach://") else params.upload("thumbnail")
    if upload is None:
        return None
    size = len(upload.data)
    if size > MAX_THUMBNAIL_BYTES:
        raise bad(
            f"file of size {size} bytes is too big for a thumbnail; the maximum size is {MAX_THUMBNAIL_BYTES} bytes"
        )
    blob = world.files.keep(upload.data)
    return add_photo(world, blob) if world.files.header(blob) is not None else None


async def _cover(world: World, params: Params, fields: JsonObject) -> File | None:
    source = as_text(fields.get("cover"))
    return await file_of(world, params, Kind.PHOTO, source, {}) if source else None
