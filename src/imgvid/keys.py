"""Every setting: its name, how its text is read, what stands in when it is absent, and what it is.

`.env.example` repeats this list for people, and a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{10,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting: how its text is read, what stands in when it is absent (None: it must be set), and what it is."""

    parse: Callable[[str], Any]
    default: str | None
    help: str
    secret: bool = False
    empty_is_none: bool = False


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("is not a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"must be between {low} and {high}")
        return value

    return parse


def _seconds(low: float, high: float) -> Callable[[str], timedelta]:
    def parse(text: str) -> timedelta:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("is not a number of seconds") from None
        if not low <= value <= high:
            raise ValueError(f"must be between {low:g} and {high:g} seconds")
        return timedelta(seconds=value)

    return parse


def _days(text: str) -> timedelta:
    return timedelta(days=_integer(1, 3650)(text))


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s]+", text):
        raise ValueError("must be an address that starts with http:// or https://")
    return text.rstrip("/")


def _dsn(text: str) -> str:
    if not re.match(r"postgres(ql)?://", text):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("does not look like a bot token (digits, a colon, then letters); BotFather's /token shows it")
    return text


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def _ids(text: str) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in re.split(r"[,\s]+", text.strip()) if part)
    except ValueError:
        raise ValueError("must be numbers with commas between them") from None


def _model(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", text):
        raise ValueError("must look like owner/model")
    return text


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return text == "1"


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("must be letters, digits, - and _ only")
    return text


KEYS: dict[str, Key] = {
    "DATABASE_URL": Key(
        parse=_dsn, default=None, secret=True, help="PostgreSQL 15 to 18: postgresql://user:password@host:5432/database"
    ),
    "TELEGRAM_BOT_TOKEN": Key(parse=_token, default=None, secret=True, help="The bot's token, from BotFather"),
    "TELEGRAM_API_URL": Key(parse=_url, default="https://api.telegram.org", help="The Bot API server"),
    "ALLOWED_CHATS": Key(
        parse=_ids, default="", help="Chat ids that may use the bot; empty with ALLOWED_USERS empty: everybody"
    ),
    "ALLOWED_USERS": Key(parse=_ids, default="", help="User ids that may use the bot"),
    "ADMIN_IDS": Key(parse=_ids, default="", help="User ids of operators: always allowed, no limits"),
    "PENDING_PER_PERSON": Key(parse=_integer(1, 1000), default="5", help="Open jobs of one person at once"),
    "IN_FLIGHT_PER_PERSON": Key(
        parse=_integer(1, 100), default="1", help="Jobs of one person that run at once, per lane"
    ),
    "QUEUE_LIMIT": Key(parse=_integer(1, 10_000_000), default="1000", help="Waiting jobs of everybody, per lane"),
    "CHAT_JOBS_PER_MINUTE": Key(parse=_integer(1, 10_000), default="10", help="New jobs of one chat in a minute"),
    "ALBUM_WAIT_S": Key(parse=_seconds(0, 60), default="1.5", help="Seconds to wait for a further picture of an album"),
    "BOT_CONCURRENCY": Key(parse=_integer(1, 1000), default="64", help="Chats that the bot answers side by side"),
    "SHOW_PRICES": Key(
        parse=_flag, default="0", help="1: cards say what a job costs the operator, in US dollars of the price lists"
    ),
    "RUNPOD_API_KEY": Key(
        parse=str, default=None, secret=True, empty_is_none=True, help="RunPod API key with access to the endpoints"
    ),
    "RUNPOD_API_URL": Key(parse=_url, default="https://api.runpod.ai/v2", help="RunPod's queue API"),
    "RUNPOD_ENDPOINT_ID": Key(
        parse=_name,
        default=None,
        empty_is_none=True,
        help="The serverless endpoint that runs the worker image with WAN",
    ),
    "RUNPOD_MAX_IN_FLIGHT": Key(
        parse=_integer(1, 1000),
        default="2",
        help="Jobs at RunPod at once: workersMax + 1, so that its scaler sees a backlog",
    ),
    "RUNPOD_REST_URL": Key(parse=_url, default="https://api.runpod.io/v2", help="RunPod's management API"),
    "RUNPOD_WORKERS_MAX": Key(
        parse=_integer(0, 1000),
        default="1",
        help="What an endpoint's workersMax is set back to when idle days made it 0; 0: only told",
    ),
    "RUNPOD_LTX_ENDPOINT_ID": Key(
        parse=_name,
        default=None,
        empty_is_none=True,
        help="The serverless endpoint that runs the worker image with LTX-2",
    ),
    "RUNPOD_LTX_MAX_IN_FLIGHT": Key(parse=_integer(1, 1000), default="2", help="The same for the LTX-2 endpoint"),
    "RUNPOD_LTX_VRAM_GB": Key(
        parse=_integer(16, 1000),
        default="80",
        help="GPU memory of that endpoint: choices that need more are not offered",
    ),
    "FAL_API_KEY": Key(parse=str, default=None, secret=True, empty_is_none=True, help="Fal key of scope API"),
    "FAL_QUEUE_BASE_URL": Key(parse=_url, default="https://queue.fal.run", help="Fal's queue API"),
    "FAL_STORAGE_URL": Key(parse=_url, default="https://rest.fal.ai", help="Fal's storage API, for input pictures"),
    "FAL_API_URL": Key(parse=_url, default="https://api.fal.ai", help="Fal's platform API; `imgvid doctor` reads it"),
    "FAL_STANDARD_MODEL": Key(
        parse=_model, default="fal-ai/flux/schnell", help="The first model for pictures of standard quality"
    ),
    "FAL_PREMIUM_MODEL": Key(
        parse=_model,
        default="fal-ai/nano-banana",
        help="The first model for premium pictures and edits; the catalogue's others follow when it is gone",
    ),
    "FAL_MAX_IN_FLIGHT": Key(
        parse=_integer(1, 1000), default="4", help="Requests at Fal at once, per lane; it runs 2 of a new account's"
    ),
    "VIDEO_POLL_INTERVAL": Key(parse=_seconds(0.05, 60), default="5", help="Seconds between two looks at a Fal video"),
    "VIDEO_MAX_WAIT_SEC": Key(
        parse=_seconds(5, 86_400), default="900", help="Seconds until a Fal video is cancelled there and has failed"
    ),
    "COMFYUI_API_URL": Key(
        parse=_url, default=None, empty_is_none=True, help="A ComfyUI server, for SDXL and LivePortrait"
    ),
    "COMFYUI_API_PORT": Key(parse=_integer(1, 65_535), default="8188", help="Its port, where the address names none"),
    "COMFYUI_API_KEY": Key(
        parse=str, default=None, secret=True, empty_is_none=True, help="Sent to it as a bearer token, if a proxy asks"
    ),
    "COMFYUI_TIMEOUT": Key(
        parse=_seconds(1, 86_400),
        default=None,
        empty_is_none=True,
        help="Seconds that cap every wait for it; empty: picture 200, video 400, download 60, connection 10",
    ),
    "COMFYUI_POLL_INTERVAL": Key(parse=_seconds(0.05, 60), default="3", help="Seconds between two looks at its jobs"),
    "COMFYUI_ALLOW_DISK": Key(
        parse=_flag, default="0", help="1: use it although it keeps people's files on a disk; /privacy says so"
    ),
    "LEASE_S": Key(
        parse=_seconds(1, 600), default="30", help="Seconds until an unsent lease of a dead dispatcher is taken back"
    ),
    "UNKNOWN_WAIT_S": Key(
        parse=_seconds(1, 3600), default="90", help="Seconds to wait for a sign of life after an unknown submit"
    ),
    "POLL_S": Key(
        parse=_seconds(0.05, 60), default="2", help="Seconds between looks at the queue when nothing wakes us"
    ),
    "STATUS_POLL_S": Key(parse=_seconds(0.1, 60), default="5", help="Seconds between two looks at a running job"),
    "RUN_DEADLINE_S": Key(
        parse=_seconds(5, 86_400),
        default=None,
        empty_is_none=True,
        help="Seconds for one attempt; empty: as the mode says",
    ),
    "KEEP_PROMPTS_DAYS": Key(parse=_days, default="30", help="Days until prompts are wiped"),
    "KEEP_ROWS_DAYS": Key(parse=_days, default="90", help="Days until finished jobs and their events are wiped"),
    "WORKER_ENGINE": Key(
        parse=_choice("comfy", "preview"),
        default="comfy",
        help="comfy (the real one) or preview (no model, on the CPU)",
    ),
    "WORKER_DATABASE_URL": Key(
        parse=_dsn,
        default=None,
        secret=True,
        empty_is_none=True,
        help="Optional: lets the worker report begin, progress and result",
    ),
    "JOB_ROOT": Key(
        parse=Path, default=None, empty_is_none=True, help="Folder for job files; empty: a tmpfs where there is one"
    ),
    "LOG_LEVEL": Key(
        parse=_choice("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO", help="DEBUG, INFO, WARNING or ERROR"
    ),
}


# Read by the worker image's first process and by tools, which look at the environment themselves: (default, help, who reads it).
TOOL_KEYS: dict[str, tuple[str, str, str]] = {
    "BUNDLE_REPO": ("", "org/name of the models' repo; empty: the only repo in the cache", "worker image"),
    "BUNDLE_REVISION": ("", "A commit or ref; empty: main, or the newest complete one", "worker image"),
    "BUNDLE_MIN_REVISION": ("0", "The manifest's own number that is demanded at least", "worker image"),
    "BUNDLE_CACHE": (
        "/runpod-volume/huggingface-cache/hub",
        "Where the platform keeps the cached repo",
        "worker image",
    ),
    "BUNDLE_WAIT_S": ("900", "Seconds that a cache may take to fill", "worker image"),
    "BUNDLE_HASH": ("0", "1: read and hash every byte at start (minutes for 100 GB)", "worker image"),
    "COMFY_ROOT": ("/opt/ComfyUI", "ComfyUI's folder", "worker image, scripts/demo"),
    "COMFY_PYTHON": ("", "The Python that runs ComfyUI; empty: ours", "worker image, scripts/demo"),
    "COMFY_PORT": ("8188", "ComfyUI's port on 127.0.0.1", "worker image"),
    "COMFY_ARGS": ("", "Arguments for ComfyUI, after ours", "worker image, scripts/demo"),
    "COMFY_START_S": ("300", "Seconds until ComfyUI must answer", "worker image"),
    "WORKFLOWS_DIR": (
        "/opt/imgvid/workflows",
        "Workflows and their bindings; mount your own there",
        "worker image, scripts/demo",
    ),
    "NODES_LOCK": ("/opt/imgvid/nodes.lock", "The node packs' lock, for the recipe", "worker image"),
    "WORKER_IMAGE": ("", "The image's own name, for the recipe", "worker image"),
    "HF_TOKEN": (
        "",
        "Hugging Face token with write access; on your own machine only, never on an endpoint",
        "imgvid bundle",
    ),
}
