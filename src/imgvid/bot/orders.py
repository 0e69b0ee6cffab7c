"""From a picture, a card or an older job to a new job. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from imgvid.bot.reading import Usable
from imgvid.bot.talk import Talk
from imgvid.catalog import Mode, modes
from imgvid.catalog.pick import Scalar
from imgvid.jobs.model import Card, Input, Limits, NewJob
from imgvid.store.drafts import Draft

PHOTO_MODE = "wan22-i2v"  # what a photo without any choice becomes
SEED_BELOW = 2**53  # JSON numbers stay exact below it, in every language on the way
_UNLIMITED = 1_000_000_000


def new_seed() -> int:
    return secrets.randbelow(SEED_BELOW)


def photo_mode() -> Mode:
    return modes()[PHOTO_MODE]


def limits(talk: Talk, *, pending_per_person: int, queued: int, per_chat_minute: int) -> Limits:
    """The operator's limits; none for admins."""
    if talk.admin:
        return Limits(pending_per_person=_UNLIMITED, queued=_UNLIMITED, per_chat_minute=_UNLIMITED)
    return Limits(pending_per_person=pending_per_person, queued=queued, per_chat_minute=per_chat_minute)


def from_picture(usable: Usable, *, talk: Talk, bot_id: int, mode: Mode, seed: int, album_wait: timedelta) -> NewJob:
    """A picture's job. An album is one job: its pictures share the origin, and the first attempt waits for the others."""
    picture = usable.picture
    origin = (
        f"g:{bot_id}:{talk.chat_id}:{usable.album}" if usable.album else f"m:{bot_id}:{talk.chat_id}:{talk.message_id}"
    )
    first = Input(
        role=mode.inputs[0].role,
        file_id=picture.file_id,
        file_unique_id=picture.file_unique_id,
        kind=picture.kind,
        message_id=picture.message_id,
        has_spoiler=picture.has_spoiler,
        width=picture.width,
        height=picture.height,
    )
    return NewJob(
        origin=origin,
        user_id=talk.user_id,
        chat_id=talk.chat_id,
        thread_id=talk.thread_id,
        source_message_id=talk.message_id,
        locale=talk.locale,
        mode=mode.id,
        lane=mode.lane,
        backend=mode.backend,
        params={},
        prompt=usable.prompt,
        seed=seed,
        inputs=(first,),
        run_for=mode.run_for,
        expires_in=mode.expires_in,
        wait=album_wait if usable.album else timedelta(0),
        max_inputs=mode.max_inputs,
    )


def from_draft(
    draft: Draft, *, talk: Talk, mode: Mode, params: Mapping[str, Scalar], inputs: tuple[Input, ...]
) -> NewJob:
    """A card's job. One card is one job, however often Make is pressed."""
    return NewJob(
        origin=f"s:{draft.bot_id}:{draft.id}",
        user_id=draft.user_id,
        chat_id=draft.chat_id,
        thread_id=draft.thread_id,
        source_message_id=draft.source_message_id,
        locale=talk.locale,
        mode=mode.id,
        lane=mode.lane,
        backend=mode.backend,
        params=params,
        prompt=draft.prompt,
        seed=new_seed() if draft.seed is None else draft.seed,
        inputs=inputs,
        run_for=mode.run_for,
        expires_in=mode.expires_in,
        max_inputs=mode.max_inputs,
    )


def from_card(
    card: Card,
    *,
    talk: Talk,
    bot_id: int,
    callback_id: str,
    mode: Mode,
    seed: int,
    params: Mapping[str, Scalar] | None = None,
) -> NewJob:
    """An older job anew: same pictures, prompt (empty once it was wiped) and settings, or these. One press is one job."""
    return NewJob(
        origin=f"c:{bot_id}:{callback_id}",
        user_id=talk.user_id,
        chat_id=talk.chat_id,
        thread_id=talk.thread_id,
        source_message_id=source_of(card, talk),
        locale=talk.locale,
        mode=mode.id,
        lane=mode.lane,
        backend=mode.backend,
        params=dict(card.params if params is None else params),
        prompt=card.prompt,
        seed=seed,
        inputs=tuple(Input(**item) for item in card.inputs),
        run_for=mode.run_for,
        expires_in=mode.expires_in,
        max_inputs=mode.max_inputs,
    )


def source_of(card: Card, talk: Talk) -> int | None:
    """The person's message that an older job came from, where it is in this chat."""
    if card.chat_id != talk.chat_id or not card.inputs:
        return None
    return int(card.inputs[0]["message_id"])
