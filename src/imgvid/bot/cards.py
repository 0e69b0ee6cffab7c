"""A job as words: a row of /my, the card of /status. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from imgvid.jobs.model import Card
from imgvid.jobs.state import OPEN, State
from imgvid.texts import head, say, span

ROW_PROMPT = 40  # characters of a prompt in a row of /my
CARD_PROMPT = 300
POSITIONS_TOLD = 20
_DATES = {"sk": "%-d. %-m. %Y %H:%M UTC", "ru": "%d.%m.%Y %H:%M UTC"}
_DATE = "%Y-%m-%d %H:%M UTC"


def when(locale: str, at: datetime) -> str:
    """A moment the language's way; in UTC, because Telegram does not tell a person's zone."""
    return at.astimezone(UTC).strftime(_DATES.get(locale, _DATE))


def state_words(locale: str, card: Card) -> str:
    """How the job is doing, in a few words."""
    return say(locale, f"state-{card.state.value.lower()}")


def is_open(card: Card) -> bool:
    """Not over, and nothing is decided yet: a cancel makes sense."""
    return card.state in OPEN and card.state is not State.CLOSING


def row(locale: str, card: Card, *, with_prompt: bool) -> str:
    """One line of /my."""
    facts = {"id": card.short, "state": state_words(locale, card), "when": when(locale, card.created_at)}
    if with_prompt and card.prompt:
        return say(locale, "my-row", prompt=head(card.prompt, ROW_PROMPT), **facts)
    return say(locale, "my-row-bare", **facts)


def status(locale: str, card: Card, *, ahead: int | None, with_prompt: bool) -> str:
    """The card of /status. `ahead`: ready jobs before this one, where it stands in the line itself."""
    lines = [
        say(locale, "status-card", id=card.short, state=state_words(locale, card), when=when(locale, card.created_at))
    ]
    if ahead is not None and ahead < POSITIONS_TOLD:
        lines.append(say(locale, "status-position", position=ahead + 1))
    if card.state is State.RUNNING and card.percent is not None:
        lines.append(f"{card.percent} %")
    if card.state is State.COMPLETED and card.finished_at is not None:
        took = span(locale, (card.finished_at - card.created_at).total_seconds())
        lines.append(say(locale, "status-took", span=took))
    if with_prompt and card.prompt:
        lines.append(say(locale, "status-prompt", prompt=head(card.prompt, CARD_PROMPT)))
    lines.append(say(locale, "status-seed", seed=str(card.seed)))
    return "\n".join(lines)
