"""A fetched result made ready for Telegram."""

from __future__ import annotations

from imgvid.dispatch.parcel import Packed, Parcel, Unpackable
from imgvid.jobs.errors import Code


async def pack(parcel: Parcel) -> Packed:
    """Raises Unpackable."""
    raise Unpackable(Code.INTERNAL, f"no way to pack a {parcel.makes}")
