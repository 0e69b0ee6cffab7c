"""What can be made at the moment: the modes whose backend a dispatcher has written with a cap above zero.

Before any dispatcher wrote one there is the photo mode alone, as ever. `offer` is pure; `Offers` reads with a small cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from imgvid.bot import orders
from imgvid.catalog import Group, Makes, Mode, modes
from imgvid.catalog.choices import ANYTHING, Room, combinations
from imgvid.store.intake import Intake, Lane

FRESH_S = 30.0  # a backend that comes or goes is news to people within that
FIRST_S = 1.0  # the same while no dispatcher has written any: both may have started together
PHOTO, WORDS = "photo", "words"
"""What a card is picked from, beside a group of the catalogue: everything that takes a photo, everything that takes none."""


def of_photos(among: str) -> bool:
    """Whether cards that are picked from these modes begin with a photo."""
    return among in (PHOTO, Group.PHOTO_VIDEO, Group.PHOTO_IMAGE)


def takes_photo(mode: Mode) -> bool:
    return of_photos(mode.group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The modes on offer, in the catalogue's order, each with what its backend can do."""

    modes: tuple[Mode, ...]
    rooms: Mapping[str, Room] = field(default_factory=dict)

    def mode(self, mode_id: str | None) -> Mode | None:
        return next((mode for mode in self.modes if mode.id == mode_id), None)

    def room(self, mode: Mode) -> Room:
        return self.rooms.get(mode.id, ANYTHING)

    def among(self, what: str) -> tuple[Mode, ...]:
        """The modes of a group, or of `photo` or `words`."""
        if what in (PHOTO, WORDS):
            return tuple(mode for mode in self.modes if takes_photo(mode) == (what == PHOTO))
        return tuple(mode for mode in self.modes if mode.group == what)

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(group for group in Group if self.among(group))

    @property
    def plain(self) -> Mode | None:
        """The mode of a photo that nobody has to be asked about: the only one that takes photos, without any parameter."""
        takers = self.among(PHOTO)
        return takers[0] if len(takers) == 1 and not takers[0].params else None

    @property
    def is_plain(self) -> bool:
        """A photo becomes a video and there is nothing else to say."""
        return self.plain is not None and len(self.modes) == 1

    @property
    def makes(self) -> str:
        """What texts about everything that a person made speak of."""
        return Makes.VIDEO if self.is_plain else "any"


def offer(lanes: Sequence[Lane]) -> Offer:
    """What these lanes can make. A mode of which nothing fits its backend is not offered."""
    if not lanes:
        return Offer(modes=(orders.photo_mode(),))
    rooms = {(lane.backend, lane.lane): _room(lane) for lane in lanes if lane.cap > 0}
    found = {mode.id: mode for mode in modes().values() if (mode.backend, mode.lane) in rooms}
    by_mode = {mode.id: rooms[mode.backend, mode.lane] for mode in found.values()}
    fitting = tuple(mode for mode in found.values() if _fits(mode, by_mode[mode.id]))
    return Offer(modes=fitting, rooms=by_mode)


def _room(lane: Lane) -> Room:
    memory = lane.facts.get("vram_gb")
    return Room(vram_gb=memory if isinstance(memory, int) else None)


def _fits(mode: Mode, room: Room) -> bool:
    required = [rule.role for rule in mode.inputs if rule.required]
    return next(combinations(mode, room, required), None) is not None


class Offers:
    """The offer of now, read again after FRESH_S (FIRST_S). `clock` is in monotonic seconds."""

    def __init__(self, *, intake: Intake, clock: Callable[[], float] = time.monotonic) -> None:
        self._intake, self._clock = intake, clock
        self._known: Offer | None = None
        self._until_s = 0.0

    async def now(self) -> Offer:
        """Raises StoreUnavailable."""
        if self._known is None or self._clock() >= self._until_s:
            lanes = await self._intake.lanes()
            self._known = offer(lanes)
            self._until_s = self._clock() + (FRESH_S if lanes else FIRST_S)
        return self._known
