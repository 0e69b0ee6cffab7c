"""What every handler may use, handed in by name (`desk`)."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram import Bot

from imgvid.bot.easel import Easel
from imgvid.bot.offers import Offers
from imgvid.bot.reception import Reception
from imgvid.bot.telegram import Me
from imgvid.bot.voice import Voice
from imgvid.config import BotSettings
from imgvid.store.drafts import DraftStore
from imgvid.store.intake import Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    bot: Bot
    me: Me
    intake: Intake
    drafts: DraftStore
    offers: Offers
    easel: Easel
    voice: Voice
    reception: Reception
    settings: BotSettings
