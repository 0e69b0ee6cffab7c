"""Does the bot's token open Telegram, and will the poller get its updates?"""

from __future__ import annotations

import httpx

from imgvid.ops.doctor.finding import Finding, bad, fine
from imgvid.telegram.client import Telegram
from imgvid.telegram.errors import BadToken, TelegramError


async def check(telegram: Telegram) -> list[Finding]:
    """Asks who the token is."""
    try:
        me = await telegram.get_me()
    except BadToken:
        return [bad("telegram", "the token is refused; BotFather's /token shows the right one")]
    except (TelegramError, httpx.HTTPError) as error:
        return [bad("telegram", f"{error}; can this machine reach TELEGRAM_API_URL?")]
    return [fine("telegram", f"@{me.username} ({me.id})")]
