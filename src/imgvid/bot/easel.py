"""Shows a card: in the message that it stands in, in a fresh one where there is none (any more)."""

from __future__ import annotations

from imgvid.bot.card import view
from imgvid.bot.offers import Offers
from imgvid.bot.sheet import Scene
from imgvid.bot.talk import Talk
from imgvid.bot.voice import Sentence, Voice
from imgvid.store.drafts import Draft, DraftStore


class Easel:
    """One card, one message. Raises what may pass by the next try, and StoreUnavailable."""

    def __init__(self, *, voice: Voice, drafts: DraftStore, offers: Offers, prices: bool) -> None:
        self._voice, self._drafts, self._offers, self._prices = voice, drafts, offers, prices

    async def scene(self, talk: Talk) -> Scene:
        """What cards of this person are shown in now."""
        offer = await self._offers.now()
        return Scene(locale=talk.locale, offer=offer, memory=talk.memory, prices=self._prices, private=talk.private)

    async def show(self, draft: Draft, talk: Talk, *, page: str | None = None) -> None:
        """Put the card up, or bring it up to date. A person who took the message away gets a fresh one."""
        shown = view(draft, await self.scene(talk), page=page)
        if draft.message_id is not None and await self._voice.rewrite(
            draft.chat_id, draft.message_id, shown.text, shown.keyboard
        ):
            return
        sentence = Sentence(
            chat_id=draft.chat_id,
            text=shown.text,
            thread_id=draft.thread_id,
            reply_to=draft.source_message_id,
            keyboard=shown.keyboard,
        )
        message_id = await self._voice.say(sentence, settle=talk.settle)
        if message_id is not None:
            await self._drafts.shown(draft.id, message_id)
