"""What a job costs the operator. Pure; amounts are US dollars of the provider's price list, never a promise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from imgvid.catalog.pick import Choices, Pick, PickError, parse_pick


class Per(StrEnum):
    """What the price list counts."""

    JOB = "job"
    SECOND = "second"  # of the finished video
    MEGAPIXEL = "megapixel"  # begun ones count whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """So many dollars for each of something. `amount` counts it; without one, seconds are the parameter of that name."""

    per: Per
    usd: Pick
    amount: Pick | None

    def of(self, choices: Choices) -> float | None:
        """Dollars for one job; None where the list has no price for these choices."""
        usd, amount = self.usd.number(choices), self._amount(choices)
        if usd is None or amount is None:
            return None
        return usd * (math.ceil(amount) if self.per is Per.MEGAPIXEL else amount)

    def _amount(self, choices: Choices) -> float | None:
        if self.amount is not None:
            return self.amount.number(choices)
        if self.per is Per.JOB:
            return 1
        seconds = choices.get("seconds")
        return seconds if isinstance(seconds, int) else None


def parse_price(raw: object) -> Price:
    """`{ per = "second", usd = …, amount = … }`. Raises PickError, ValueError."""
    if not isinstance(raw, Mapping) or set(raw) - {"per", "usd", "amount"} or "usd" not in raw:
        raise PickError("price is { per, usd, amount }")
    per = Per(raw.get("per", "job"))
    if per is Per.MEGAPIXEL and "amount" not in raw:
        raise PickError("a price per megapixel needs amount: how many a job makes")
    amount = parse_pick(raw["amount"]) if "amount" in raw else None
    return Price(per=per, usd=parse_pick(raw["usd"]), amount=amount)
