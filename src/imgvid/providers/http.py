"""What our HTTP client's errors allow to conclude, for every provider (facts/queue.md 9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

# The request did not leave this machine: no connection, or refused by httpx itself.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
OUR_FAULT = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Retry-After as seconds or as an HTTP date; None when absent or unreadable, never negative."""
    if value is None:
        return None
    if value.strip().isdigit():
        return timedelta(seconds=int(value))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), until - now)
