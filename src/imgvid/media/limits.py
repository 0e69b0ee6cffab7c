"""What we take and what we send, in numbers. No imports: the bot reads them too, and it carries no codecs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """What a picture may be before a single pixel of it is decoded."""

    max_bytes: int = 20 << 20
    """getFile refuses more (facts/telegram.md 1.2: 20 << 20), so nothing larger can reach us honestly."""
    max_pixels: int = 40_000_000
    """Above every phone's usual output (12 to 25 MP, 40 MP cameras just fit); 120 MB once decoded to RGB."""
    min_side_px: int = 128
    """The smallest video is 480 px high: below this it would be blown up almost four times and show nothing."""
    max_ratio: float = 20.0
    """Telegram's own rule for photos (facts/telegram.md 1.2). With the two above it also bounds the longer side."""


IMAGE_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoLimits:
    """What a video must be so that Telegram shows it as a video that plays at once (facts/models.md 7)."""

    max_bytes: int = 50_000_000
    """Telegram takes 50 MB by multipart; we count decimal megabytes, which is on the safe side."""
    budget_bytes: int = 45_000_000
    """What a re-encode aims at, so that container overhead and the encoder's buffer never pass max_bytes."""
    max_kbps: int = 16_000
    """1080p60 looks good at 15 to 20 Mbit/s; more buys nothing that a phone shows."""
    audio_kbps: int = 128
    crf: int = 20


VIDEO_LIMITS = VideoLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """What Telegram takes as a photo (facts/telegram.md 1.2)."""

    max_bytes: int = 10_000_000
    """Telegram says 10 MB; we count decimal megabytes, which is on the safe side."""
    max_sides_px: int = 10_000
    """Width and height together."""
    max_ratio: float = 20.0

    def takes_shape(self, width: int, height: int) -> bool:
        return width + height <= self.max_sides_px and max(width, height) <= self.max_ratio * min(width, height)


PHOTO_LIMITS = PhotoLimits()

THUMBNAIL_SIDE_PX = 320
THUMBNAIL_BYTES = 200 * 1024 - 1  # facts/telegram.md 1.2: TDLib's own number
