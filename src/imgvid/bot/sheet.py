"""What a card is drawn from: the draft, its mode with the choices as they are settled, and the scene around it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imgvid.bot.drafts import roles, settled
from imgvid.bot.offers import PHOTO, WORDS, Offer, of_photos, takes_photo
from imgvid.catalog import Mode
from imgvid.catalog.choices import Settled, context, offered
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Scalar
from imgvid.store.drafts import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The person's language and memory, what is on offer, whether prices are told, and whether they are alone with the bot."""

    locale: str
    offer: Offer
    memory: Mapping[str, Any]
    prices: bool
    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A draft whose mode is chosen."""

    draft: Draft
    mode: Mode
    chosen: Settled
    scene: Scene

    @property
    def locale(self) -> str:
        return self.scene.locale

    @property
    def roles(self) -> tuple[str, ...]:
        """The pictures that are there and that the mode takes."""
        return roles(self.draft, self.mode)

    @property
    def asked(self) -> dict[str, Scalar]:
        """What the conditions of the mode's file are asked with."""
        return context(self.mode, self.chosen.choices, self.roles)

    @property
    def offered(self) -> list[tuple[Param, list[Scalar]]]:
        """The parameters that apply, each with the values that can be combined with the other choices."""
        return offered(self.mode, self.chosen.choices, self.scene.offer.room(self.mode), self.roles)

    @property
    def has_seed(self) -> bool:
        """A seed was said, and has an effect."""
        return self.draft.seed is not None and self.mode.is_seeded(self.asked)

    @property
    def others(self) -> tuple[Mode, ...]:
        """The modes that could take this one's place: those for photos, or those for words."""
        return tuple(one for one in self.scene.offer.among(family(self.mode)) if one is not self.mode)

    def value(self, param: Param) -> Scalar:
        return self.chosen.choices.get(param.name)


def sheet(draft: Draft, mode: Mode, scene: Scene) -> Sheet:
    return Sheet(draft=draft, mode=mode, chosen=settled(draft, mode, scene.offer.room(mode)), scene=scene)


def candidates(draft: Draft, offer: Offer) -> tuple[Mode, ...]:
    """The modes that this draft may become; where its own group has gone, everything that takes what it has."""
    return offer.among(draft.among) or offer.among(PHOTO if of_photos(draft.among) else WORDS)


def family(mode: Mode) -> str:
    """What a card of this mode is picked from when another mode is wanted."""
    return PHOTO if takes_photo(mode) else WORDS
