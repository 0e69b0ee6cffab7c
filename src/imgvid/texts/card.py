"""Texts that need a decision before the words: an estimate's unit, a prompt's head, a caption's parts."""

from __future__ import annotations

from collections.abc import Sequence

from imgvid.jobs.eta import Range
from imgvid.texts.say import MAKES, keys, say

PROMPT_HEAD = 160  # characters of a prompt that a caption repeats
_BAR_CELLS = 10


def eta(locale: str, span: Range) -> str:
    """The range without its preposition: "4–7 min", "5 min", "1–2 h"; the sentence around it says "about"."""
    if span.high_min < 90:
        unit, low, high = "minutes", span.low_min, span.high_min
    else:
        unit, low, high = "hours", max(1, round(span.low_min / 60)), -(-span.high_min // 60)
    if low >= high:
        return say(locale, f"eta-{unit}", count=high)
    return say(locale, f"eta-{unit}-range", low=low, high=high)


def span(locale: str, seconds: float) -> str:
    """A measured time: "48 s", "5 min 12 s"."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return say(locale, "span-seconds", seconds=rest)
    return say(locale, "span-minutes", minutes=minutes, seconds=rest)


def head(text: str, limit: int = PROMPT_HEAD) -> str:
    """The first `limit` characters of a prompt in one line, cut at a word with an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    at_word = cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut
    return f"{at_word.rstrip(' ,;:.')}…"


def bar(percent: int) -> str:
    """Ten cells that fill up; it repeats the number beside it and never stands alone."""
    full = min(_BAR_CELLS, max(0, percent) * _BAR_CELLS // 100)
    return "▰" * full + "▱" * (_BAR_CELLS - full)


def caption(
    locale: str,
    *,
    short_id: str,
    prompt: str | None,
    seed: int | None,
    length_s: float | None,
    preview: bool = False,
    notes: Sequence[str] = (),
) -> str:
    """Under a result: prompt head, what there is to know about it (keys of texts), whether it is a preview, a video's true
    length in seconds, the seed where it has an effect, the short id."""
    length = [say(locale, "caption-length", seconds=round(length_s, 2))] if length_s is not None else []
    seeded = [say(locale, "caption-seed", seed=str(seed))] if seed is not None else []
    facts = " · ".join([*length, *seeded, short_id])
    lines = [head(prompt)] if prompt and prompt.strip() else []
    lines += [say(locale, key) for key in notes if key in keys()]
    lines += [say(locale, "caption-preview")] if preview else []
    return "\n".join([*lines, facts])


def failure(locale: str, code: str, short_id: str, *, makes: str = MAKES) -> str:
    """What happened, what to do, and the short id, for a code of `jobs/errors.py`; an unknown code says internal."""
    key = f"error-{code.replace('_', '-')}"
    return say(locale, key if key in keys() else "error-internal", id=short_id, makes=makes)


def price(locale: str, usd: float) -> str:
    """What it costs the operator, in US dollars: two decimals, three below a cent."""
    return say(locale, "card-price", usd=round(usd, 2) if usd >= 0.01 else usd)


def about_span(locale: str, seconds: float) -> str:
    """An expected time, as fine as it deserves: seconds below one and a half minutes, whole minutes above."""
    if seconds < 90:
        return say(locale, "span-seconds", seconds=round(seconds))
    return say(locale, "eta-minutes", count=int(seconds / 60 + 0.5))
