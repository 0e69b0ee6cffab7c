"""Fal: hosted models for pictures and videos (facts/models.md 1 and 2)."""

from imgvid.providers.fal.provider import STORAGE_URL, FalProvider
from imgvid.providers.fal.request import Head, heads

__all__ = ["STORAGE_URL", "FalProvider", "Head", "heads"]
