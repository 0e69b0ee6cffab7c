"""What must be true after a storm. Each check answers sentences about what is not."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import av

from tests.storm.people import MOVING, Crowd, Sent

OURS_TO_BLAME = frozenset({"bad_image", "image_unsupported"})  # the only codes that a broken photo may end with
COLOUR_DISTANCE_MAX = 40  # of 441: JPEG, H.264 and a small label move a flat colour by less than 20


def first_colour(video: bytes) -> tuple[float, float, float]:
    """The middle pixel's surroundings in the first frame, as mean RGB."""
    with av.open(io.BytesIO(video)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    height, width, _ = frame.shape
    middle = frame[height // 2 - 20 : height // 2 + 20, width // 2 - 20 : width // 2 + 20].reshape(-1, 3).mean(axis=0)
    return float(middle[0]), float(middle[1]), float(middle[2])


def distance(one: tuple[float, float, float], other: tuple[int, int, int]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5


async def judge_jobs(dsn: str, crowd: Crowd) -> tuple[list[str], Counter[str]]:
    """Every accepted photo is one job; every job is terminal and told; nobody's fault was ours."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT j.short, j.state, j.error_code, j.chat_id, c.source_message_id FROM jobs AS j JOIN job_chat AS c ON c.job_id = j.id"
    )
    backends = await connection.fetch("SELECT backend, lane, in_flight FROM backends")
    ghosts = await connection.fetchval("SELECT count(*) FROM provider_requests WHERE place_until IS NOT NULL")
    await connection.close()
    wrong: list[str] = []
    per_source = Counter((row["chat_id"], row["source_message_id"]) for row in rows)
    for sent in crowd.sent:
        count = per_source[sent.person.chat_id, sent.message_id]
        if count != 1:
            wrong.append(f"photo {sent.message_id} of chat {sent.person.chat_id} became {count} jobs")
    broken = {(sent.person.chat_id, sent.message_id) for sent in crowd.sent if sent.broken}
    for row in rows:
        if row["state"] not in {"COMPLETED", "FAILED", "CANCELLED"}:
            wrong.append(f"job {row['short']} is {row['state']}")
        was_broken = (row["chat_id"], row["source_message_id"]) in broken
        if row["state"] == "FAILED" and not (was_broken and row["error_code"] in OURS_TO_BLAME):
            wrong.append(f"job {row['short']} failed for a fault that was ours: {row['error_code']}")
    wrong += [
        f"{row['backend']}: {row['in_flight']} in flight, {ghosts} of them ghosts"
        for row in backends
        if row["in_flight"] != ghosts
    ]
    return wrong, Counter(row["state"] for row in rows)


async def judge_chats(dsn: str, crowd: Crowd, summary: dict[str, Any]) -> list[str]:
    """Each COMPLETED message shows exactly one video and nobody else's; each failure and cancel was told."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        """SELECT j.short, j.state, j.chat_id, c.message_id, c.source_message_id FROM jobs AS j JOIN job_chat AS c ON c.job_id = j.id"""
    )
    await connection.close()
    by_source = {(sent.person.chat_id, sent.message_id): sent for sent in crowd.sent}
    wrong: list[str] = []
    completed = Counter(row["chat_id"] for row in rows if row["state"] == "COMPLETED")
    for row in rows:
        sent = by_source[row["chat_id"], row["source_message_id"]]
        if row["state"] == "COMPLETED":
            wrong += await _judge_video(row, sent)
        else:
            wrong += await _judge_text(row, sent)
    for chat in summary["chats"]:
        if chat["videos"] != completed[chat["chat_id"]]:
            wrong.append(
                f"chat {chat['chat_id']} shows {chat['videos']} videos for {completed[chat['chat_id']]} completed jobs"
            )
        if chat["video_replacements"]:
            wrong.append(f"chat {chat['chat_id']}: a video was replaced {chat['video_replacements']} times")
    return wrong


async def _judge_video(row: asyncpg.Record, sent: Sent) -> list[str]:
    shown = {one.message_id: one for one in await sent.person.messages()}.get(row["message_id"])
    if shown is None or not shown.alive or shown.kind not in MOVING:
        return [f"job {row['short']} is COMPLETED but its message shows {shown.kind if shown else 'nothing'}"]
    colour = first_colour(await sent.person.media(row["message_id"]))
    if distance(colour, sent.colour) > COLOUR_DISTANCE_MAX:
        return [f"job {row['short']} shows somebody else's video: {colour} instead of {sent.colour}"]
    return []


async def _judge_text(row: asyncpg.Record, sent: Sent) -> list[str]:
    told = [one for one in await sent.person.messages() if one.by == "bot" and one.alive and row["short"] in one.text]
    if not told:
        return [f"job {row['short']} is {row['state']} and no living message names it"]
    offers = {(button.data or "").split(":")[0] for button_row in told[-1].buttons for button in button_row}
    return (
        []
        if "c" not in offers
        else [f"job {row['short']} is {row['state']} and its message still offers Cancel: {told[-1].text!r}"]
    )


def judge_files(folder: Path) -> list[str]:
    """No file of any job is left."""
    left = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")]
    return [f"left behind: {path.relative_to(folder)}" for path in left]
