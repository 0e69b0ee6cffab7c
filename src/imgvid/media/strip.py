"""Metadata taken out of a finished picture without decoding it: the pixels stay the very same bytes.

What tells how, when and by whom a picture was made lives beside the pixels: EXIF, XMP, comments, text, C2PA manifests.
What colours mean lives there too and stays: ICC profiles, gamma, JFIF, Adobe's marker. Anything after the end of the
picture goes. One thing of EXIF is no metadata but geometry: a JPEG's orientation, which is written anew by itself.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

Data: TypeAlias = bytes | bytearray

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# PNG, third edition: every critical chunk, and the ancillary ones that say what the samples mean.
_PNG_KEPT = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"iCCP",
        b"sBIT",
        b"cICP",
        b"mDCV",
        b"cLLI",
    }
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04  # flags of VP8X
_ICC, _JFIF, _ADOBE, _EXIF = b"ICC_PROFILE\0", b"JFIF\0", b"Adobe", b"Exif\0\0"
_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the three between are tables
_SCAN_ENDS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # stuffed bytes and restart markers belong to the scan
_ORIENTATION = 0x0112  # TIFF 6.0, section 8


class Unreadable(ValueError):
    """Not one of the three formats, or its outline is broken; says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A picture without metadata. `width` and `height` are pixels as it is shown."""

    data: bytes
    format: str  # PNG | JPEG | WEBP
    width: int
    height: int


def strip(data: Data) -> Stripped:
    """The same picture with the same pixels, and nothing else that it told. Raises Unreadable, whatever the bytes are."""
    try:
        if data.startswith(_PNG_SIGNATURE):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        raise Unreadable(f"ends in the middle of a header: {error}") from error
    raise Unreadable("no PNG, JPEG or WebP")


def _png(data: Data) -> Stripped:
    kept: list[Data] = [_PNG_SIGNATURE]
    width, height = struct.unpack_from(">4xII", data, 12)
    ended = False
    for kind, chunk in _png_chunks(data):
        if len(kept) == 1 and kind != b"IHDR":
            raise Unreadable("PNG: IHDR is not first")
        if kind in _PNG_KEPT:
            kept.append(chunk)
        ended = kind == b"IEND"
    if not ended:
        raise Unreadable("PNG: no IEND")
    return Stripped(data=b"".join(kept), format="PNG", width=width, height=height)


def _png_chunks(data: Data) -> Iterator[tuple[bytes, Data]]:
    at = len(_PNG_SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length  # length, type and checksum are four bytes each
        if end > len(data):
            raise Unreadable("PNG: a chunk is cut short")
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end


def _jpeg(data: Data) -> Stripped:
    kept: list[Data] = [data[:2]]
    size: tuple[int, int] | None = None
    turned = 1
    for marker, segment in _jpeg_segments(data):
        body = segment[4:]
        if marker in _SOF:
            height, width = struct.unpack_from(">xHH", body)
            size = (width, height)
        if marker == _APP1 and body.startswith(_EXIF):
            turned = orientation(body[len(_EXIF) :])
        if _is_picture(marker, body):
            kept.append(segment)
    if size is None or 0 in size:
        raise Unreadable("JPEG: no frame")
    if turned != 1:
        kept.insert(2 if kept[1][:2] == b"\xff\xe0" else 1, _upright_note(turned))
    shown = Stripped(data=b"".join(kept), format="JPEG", width=size[0], height=size[1])
    return replace(shown, width=shown.height, height=shown.width) if turned > 4 else shown


def _is_picture(marker: int, body: Data) -> bool:
    """Whether a segment says what the pixels are. Of the application's own ones three do."""
    match marker:
        case _ if marker == _APP0:
            return body.startswith(_JFIF)
        case _ if marker == _APP2:
            return body.startswith(_ICC)
        case _ if marker == _APP14:
            return body.startswith(_ADOBE)
        case _:
            return marker != _COM and not _APP0 <= marker <= _APP15


def _jpeg_segments(data: Data) -> Iterator[tuple[int, Data]]:
    """Every marker with its segment, a scan's compressed data included, up to the end of the picture."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise Unreadable("JPEG: no marker where one has to be")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker == _EOI:
            yield marker, data[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if marker == _SOS:
            ends = _SCAN_ENDS.search(data, end)
            if ends is None:
                raise Unreadable("JPEG: a scan is cut short")
            end = ends.start()
        if length < 2 or end > len(data):
            raise Unreadable("JPEG: a segment is cut short")
        yield marker, data[at:end]
        at = end


def orientation(exif: Data) -> int:
    """The orientation in a TIFF block, 1 (upright) to 8; 1 where it says nothing that can be read."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(exif[:4]))
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, _kind, _values, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass  # EXIF is often broken; a picture without it is upright
    return 1


def _upright_note(turned: int) -> bytes:
    """An EXIF segment that says how to turn the picture, and not a word more."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    body = _EXIF + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _webp(data: Data) -> Stripped:
    kept: list[Data] = []
    size: tuple[int, int] | None = None
    at, end = 12, 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise Unreadable("WebP: cut short")
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        chunk = data[at : at + 8 + length + length % 2]
        if len(chunk) < 8 + length:
            raise Unreadable("WebP: a chunk is cut short")
        size = size or _webp_size(kind, chunk[8:])
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP)]) + chunk[9:]
        if kind in _WEBP_KEPT:
            kept.append(chunk)
        at += 8 + length + length % 2
    if size is None:
        raise Unreadable("WebP: no frame")
    body = b"WEBP" + b"".join(kept)
    return Stripped(data=b"RIFF" + struct.pack("<I", len(body)) + body, format="WEBP", width=size[0], height=size[1])


def _webp_size(kind: bytes, body: Data) -> tuple[int, int] | None:
    """Width and height as each kind of first chunk writes them."""
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<xI", body)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<6xHH", body)
        return width & 0x3FFF, height & 0x3FFF  # the two bits above are a scale that nobody applies
    return None


__all__ = ["Stripped", "Unreadable", "orientation", "strip"]
