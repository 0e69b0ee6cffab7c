"""A stranger's picture, made safe: sniffed by content, limited by its header, decoded once, stripped of metadata.

Nothing that the sender says counts (name, MIME type). The order is: bytes, magic, header, limits, and only then pixels.

    BadImage              it is a picture, and it is broken (cut short, corrupt, a bomb inside)
    ImageUnsupported      it is no picture that we can open (another format, or HEIC without its library)
    ImageTooSmall         a side below the limit, or far too narrow
    ImageTooLarge         more pixels than we decode
    ImageTooHeavy         more bytes than Telegram hands out
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from imgvid.jobs.errors import Code
from imgvid.media.limits import IMAGE_LIMITS, ImageLimits

# Pillow warns from 89 MP and refuses from 179 MP, already while it reads a header; we want one answer for both.
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_BACKGROUND = (255, 255, 255)  # Telegram's clients show transparent pictures on white
# EXIF 0x0112 -> what makes the picture upright (the table of TIFF 6.0, section 8)
_TURNS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_UPRIGHT_AS_IS = (1, 2, 3, 4)  # the others swap width and height
_MAGIC = (
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("WEBP", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("BMP", re.compile(rb"BM....\0\0\0\0", re.DOTALL)),
)
_PLUGINS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "BMP": "BmpImagePlugin",
    "AVIF": "AvifImagePlugin",
    "HEIF": "Image",  # registers itself, see _register_heif
}
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


class ImageError(Exception):
    """A picture that we do not take. `code` is a job error code; the text is for the log and names no file."""

    code: ClassVar[Code]


class BadImage(ImageError):
    code = Code.BAD_IMAGE


class ImageUnsupported(ImageError):
    code = Code.IMAGE_UNSUPPORTED


class ImageTooSmall(ImageError):
    code = Code.IMAGE_TOO_SMALL


class ImageTooLarge(ImageError):
    code = Code.IMAGE_TOO_LARGE


class ImageTooHeavy(ImageError):
    code = Code.IMAGE_TOO_HEAVY


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Upright RGB pixels without metadata. `source_*` is the upright size before any shrinking, in pixels."""

    image: Image.Image
    format: str
    source_width: int
    source_height: int

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    def save_png(self, path: Path) -> None:
        """Write the pixels and nothing else. Fast compression: the file lives for minutes on a tmpfs."""
        self.image.save(path, format="PNG", compress_level=1)


def sniff(head: bytes) -> str | None:
    """Pillow's name of the format that these first 32 bytes begin, or None for what we do not open.

    TIFF, SVG, PSD, ICO and video are left out on purpose: nobody sends them as a photo, and each is a parser to attack.
    """
    for name, magic in _MAGIC:
        if magic.match(head):
            return name
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, len(head) - 3, 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIF"
    return None


def open_picture(source: bytes | Path, limits: ImageLimits = IMAGE_LIMITS, *, want_px: int | None = None) -> Picture:
    """Decode a picture within `limits` into upright RGB in sRGB; animations give their first frame.

    `want_px` is the longest side that the caller can use: larger pictures are shrunk to it, JPEGs already while they
    are decoded, which is what keeps a worker's memory small. None keeps every pixel. Raises an ImageError and no other
    exception, whatever the bytes are. Not for two threads at once: Python's warning filters are the process's.
    """
    data = _read(source, limits)
    name = sniff(data[:32])
    if name is None:
        raise ImageUnsupported("the content is no picture format that we open")
    with _foreign_errors(name), _open(data, name) as image:
        header = image.size
        _check(header, limits)
        _draft(image, want_px)
        image.load()
        orientation = _orientation(image)
        profile = image.info.get("icc_profile")
        pixels = _upright(_shrink(_to_srgb(_flatten(_reduce(image, want_px)), profile), want_px), orientation)
        pixels.info.clear()  # Pillow would write an ICC profile or a comment found here into the next file
    width, height = header if orientation in _UPRIGHT_AS_IS else header[::-1]
    return Picture(image=pixels, format=name, source_width=width, source_height=height)


def fit(picture: Picture, *, width: int, height: int) -> Image.Image:
    """The picture's middle at exactly this size: scaled until it covers, then cut, never stretched."""
    box = cover_box(picture.width, picture.height, width / height)
    return picture.image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def cover_box(width: int, height: int, ratio: float) -> tuple[float, float, float, float]:
    """The largest centred box of this width / height inside a picture of this size: left, top, right, bottom."""
    box_width, box_height = (height * ratio, float(height)) if width / height > ratio else (float(width), width / ratio)
    left, top = (width - box_width) / 2, (height - box_height) / 2
    return left, top, left + box_width, top + box_height


def _read(source: bytes | Path, limits: ImageLimits) -> bytes:
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > limits.max_bytes:
        raise ImageTooHeavy(f"{size} bytes; we take {limits.max_bytes}")
    if size == 0:
        raise BadImage("an empty file")
    return source if isinstance(source, bytes) else source.read_bytes()


@contextlib.contextmanager
def _foreign_errors(name: str) -> Iterator[None]:
    """Pillow and its codecs raise a dozen unrelated types on hostile bytes; to us each means a bad picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # corrupt EXIF, truncated reads: either it decodes or it raises
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except ImageError:
            raise
        except (*_BOMBS, MemoryError) as error:  # a process may have been given less memory than the pixels need
            raise ImageTooLarge(f"{name}: more pixels than we decode") from error
        except Exception as error:
            raise BadImage(f"{name}: {type(error).__name__}: {error}"[:200]) from error


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header with this one parser, never with whichever claims the bytes."""
    if name == "HEIF":
        _register_heif()
    with contextlib.suppress(ImportError):
        importlib.import_module(f"PIL.{_PLUGINS[name]}")  # Image.init() would load forty of them
    if name not in Image.OPEN:
        raise ImageUnsupported(f"{name} is not built into this installation")
    try:
        return Image.open(io.BytesIO(data), formats=(name,))
    except UnidentifiedImageError as error:
        raise BadImage(f"{name}: the header is not what the first bytes promise") from error


def _register_heif() -> None:
    """HEIC costs an import of several megabytes, so it waits for the first HEIC."""
    try:
        import pillow_heif
    except ImportError as error:
        raise ImageUnsupported("HEIC needs the pillow-heif package") from error
    pillow_heif.register_heif_opener(thumbnails=False)


def _check(size: tuple[int, int], limits: ImageLimits) -> None:
    width, height = size
    if width <= 0 or height <= 0:
        raise BadImage(f"{width} x {height} pixels")
    if width * height > limits.max_pixels:
        raise ImageTooLarge(f"{width} x {height} pixels; we decode {limits.max_pixels}")
    if min(size) < limits.min_side_px:
        raise ImageTooSmall(f"{width} x {height} pixels; each side needs {limits.min_side_px}")
    if max(size) > limits.max_ratio * min(size):
        raise ImageTooSmall(f"{width} x {height} pixels are more than {limits.max_ratio:g} to 1, too narrow")


def _draft(image: Image.Image, want_px: int | None) -> None:
    """Let the JPEG decoder skip detail: by 2, 4 or 8, never below `want_px`. Other formats ignore it."""
    if want_px is None or max(image.size) < 2 * want_px:
        return
    scale = want_px / max(image.size)
    image.draft(None, (round(image.width * scale), round(image.height * scale)))


def _reduce(image: Image.Image, want_px: int | None) -> Image.Image:
    """Average whole blocks first, so that the conversions after it copy a small picture."""
    factor = 1 if want_px is None else max(image.size) // want_px
    if factor < 2 or image.mode not in ("L", "RGB", "RGBA", "CMYK") or "transparency" in image.info:
        return image
    small = image.reduce(factor)
    small.info = dict(image.info)
    return small


def _flatten(image: Image.Image) -> Image.Image:
    """Alpha goes onto white, 16 bits become 8; CMYK stays, its profile may be needed."""
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own convert would clip everything above 255 to white
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        flat = Image.new("RGB", layered.size, _BACKGROUND)
        flat.paste(layered, mask=layered.getchannel("A"))
        return flat
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Phones take wide-gamut photos (Display P3); without this they would look washed out. A bad profile is ignored."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # the plain conversion below is what every viewer without colour management shows
    return image.convert("RGB")


def _shrink(image: Image.Image, want_px: int | None) -> Image.Image:
    if want_px is None or max(image.size) <= want_px:
        return image
    scale = want_px / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # EXIF is hostile input of its own; a picture without it is upright
        return 1
    return value if value in _TURNS else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
