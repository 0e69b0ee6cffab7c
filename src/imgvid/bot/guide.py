"""What the bot says about itself: a bot that only turns photos into videos says so, a studio lists its ways. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from imgvid.bot.addressing import MAKERS
from imgvid.bot.offers import Offer
from imgvid.texts import say

Text = tuple[str, Mapping[str, str | int | float]]
"""A text's key and its variables."""


def makers(offer: Offer) -> list[str]:
    """The commands that make something on offer, as the menu shows them; none where a photo is all there is to say."""
    return [] if offer.is_plain else [name for name, group in MAKERS.items() if group in offer.groups]


def ways(locale: str, offer: Offer) -> str:
    """One line a command."""
    lines = [
        say(locale, "help-way", command=name, about=say(locale, f"about-group-{MAKERS[name]}"))
        for name in makers(offer)
    ]
    return "\n".join(lines)


def start(offer: Offer) -> str:
    """The key of the greeting."""
    if not offer.modes:
        return "reject-nothing"
    return "start" if offer.is_plain else "start-studio"


def help_text(locale: str, offer: Offer) -> Text:
    return ("help", {}) if offer.is_plain else ("help-studio", {"ways": ways(locale, offer)})


def group_help(locale: str, offer: Offer) -> Text:
    return ("help-group", {}) if offer.is_plain else ("help-group-studio", {"ways": ways(locale, offer)})


def privacy(offer: Offer) -> list[str]:
    """The keys of what /privacy adds about those who make it for us, where a photo is not all there is to say."""
    if offer.is_plain:
        return []
    return [f"privacy-{house}" for house in _HOUSES if any(mode.backend.startswith(house) for mode in offer.modes)]


_HOUSES = ("runpod", "fal", "comfyui")
"""Beginnings of backends' names: runpod and runpod-ltx are one house."""
