"""The pictures that a request names: fetched from our own media host or out of a data URI, decoded, measured.

No other address is ever called: the real service could not read what needs a key or sits on a private network either,
and says so with file_download_error.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from PIL import Image

from imgvid.sandbox.fal.failures import Failure, model_error
from imgvid.sandbox.fal.pictures import NotAPicture, open_picture
from imgvid.sandbox.fal.schema import Model, PictureLimits
from imgvid.sandbox.fal.shelf import FILES, Shelf

MAX_BYTES = 50 * 1024 * 1024  # fal toolkit: MAX_IMAGE_DOWNLOAD_SIZE
MASKS = frozenset({"mask_url"})


class Refused(Exception):
    """A picture that the model does not take."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error_type)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Pictures by field, in the order given; masks apart."""

    pictures: tuple[Image.Image, ...]
    mask: Image.Image | None


def fetch(
    shelf: Shelf, base: str, model: Model, inputs: Mapping[str, object]
) -> list[tuple[tuple[str | int, ...], bytes]]:
    """(loc, bytes) of every picture named. Raises Refused."""
    return [(loc, _bytes(shelf, base, url, loc)) for loc, url in _named(model, inputs)]


def take(model: Model, fetched: list[tuple[tuple[str | int, ...], bytes]]) -> Taken:
    """Decode and measure; for a thread. Raises Refused."""
    pictures: list[Image.Image] = []
    mask: Image.Image | None = None
    for loc, data in fetched:
        try:
            picture = open_picture(data, mask=loc[0] in MASKS)
        except NotAPicture:
            raise Refused(model_error("image_load_error", loc=loc)) from None
        if loc[0] in MASKS:
            mask = picture
        else:
            _measure(picture, model.pictures, loc)
            pictures.append(picture)
    return Taken(pictures=tuple(pictures), mask=None if mask is None else _fitted(model, pictures[0], mask))


def _named(model: Model, inputs: Mapping[str, object]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name in model.picture_fields():
        value = inputs.get(name)
        if isinstance(value, str):
            yield (name,), value
        elif isinstance(value, list):
            yield from (((name, index), str(url)) for index, url in enumerate(value))


def _bytes(shelf: Shelf, base: str, url: str, loc: tuple[str | int, ...]) -> bytes:
    data = _inline(url) if url[:5].lower() == "data:" else _stored(shelf, base, url)
    if data is None:
        raise Refused(model_error("file_download_error", loc=loc, given=url if len(url) < 200 else url[:200]))
    if len(data) > MAX_BYTES:
        msg = f"File size exceeds the maximum allowed size of {MAX_BYTES} bytes. Please upload a smaller file."
        raise Refused(model_error("file_too_large", loc=loc, msg=msg, ctx={"max_size": MAX_BYTES}))
    return data


def _stored(shelf: Shelf, base: str, url: str) -> bytes | None:
    if not url.startswith(f"{base}{FILES}/"):
        return None
    file = shelf.find(url.removeprefix(base))
    return file.data if file is not None and file.acl == "allow" else None


def _inline(url: str) -> bytes | None:
    head, comma, body = url.partition(",")
    if not comma:
        return None
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return None


def _measure(picture: Image.Image, limits: PictureLimits, loc: tuple[str | int, ...]) -> None:
    if min(picture.size) < limits.min_side:
        ctx = {"min_height": limits.min_side, "min_width": limits.min_side}
        raise Refused(model_error("image_too_small", loc=loc, ctx=ctx))
    if not limits.min_ratio <= picture.width / picture.height <= limits.max_ratio:
        msg = f"The aspect ratio of the image should be between {limits.min_ratio} and {limits.max_ratio}."
        ctx_ratio = {"min_aspect_ratio": limits.min_ratio, "max_aspect_ratio": limits.max_ratio}
        raise Refused(model_error("image_aspect_ratio_error", loc=loc, msg=msg, ctx=ctx_ratio))


def _fitted(model: Model, picture: Image.Image, mask: Image.Image) -> Image.Image:
    """The mask at the picture's size; a model that wants it so refuses another. The text is ours: fal's is not documented."""
    if mask.size == picture.size:
        return mask
    if model.mask_must_fit:
        msg = (
            f"The mask must have the same dimensions as the image: {picture.width}x{picture.height}, "
            f"got {mask.width}x{mask.height}."
        )
        raise Refused(model_error("value_error", loc=("mask_url",), msg=msg))
    return mask.resize(picture.size, Image.Resampling.NEAREST)
