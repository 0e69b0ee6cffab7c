from __future__ import annotations

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe

from imgvid.bot.telegram import conclude
from imgvid.bot.updates import PollFailed, PollRefused

ASKED = GetMe()


@pytest.mark.parametrize(
    ("error", "meaning", "retry_after_s"),
    [
        (TelegramConflictError(method=ASKED, message="Conflict: terminated by other getUpdates"), PollRefused, None),
        (TelegramUnauthorizedError(method=ASKED, message="Unauthorized"), PollRefused, None),
        (TelegramNotFound(method=ASKED, message="Not Found"), PollRefused, None),
        (TelegramRetryAfter(method=ASKED, message="Too Many Requests", retry_after=7), PollFailed, 7),
        (TelegramServerError(method=ASKED, message="Internal Server Error"), PollFailed, None),
        (TelegramNetworkError(method=ASKED, message="timeout"), PollFailed, None),
        (TelegramBadRequest(method=ASKED, message="Bad Request: logged out"), PollFailed, None),
        (ClientDecodeError("Failed to decode object", ValueError("x"), "<html>"), PollFailed, None),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), PollFailed, None),
    ],
)
def test_what_an_error_of_the_poll_means(error: Exception, meaning: type, retry_after_s: float | None) -> None:
    concluded = conclude(error)
    assert type(concluded) is meaning
    assert getattr(concluded, "retry_after_s", None) == retry_after_s
    assert "<html>" not in str(concluded)
