"""Settings: read once from an environment mapping, frozen, all problems named together, secrets masked.

`KEYS` and `TOOL_KEYS` are the whole list. `.env.example` repeats it for people, and a test holds the two together. A process asks for its
settings with `read(BotSettings, environ)`; every field names its key by being its lower-case twin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{10,}")


class SettingsRefused(Exception):
    """One or more settings are missing or malformed. `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


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


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return text == "1"


def _ids(text: str) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in re.split(r"[,\s]+", text.strip()) if part)
    except ValueError:
        raise ValueError("must be numbers with commas between them") from None


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
    "RUNPOD_API_KEY": Key(parse=str, default=None, secret=True, help="RunPod API key with access to the endpoint"),
    "RUNPOD_API_URL": Key(parse=_url, default="https://api.runpod.ai/v2", help="RunPod's queue API"),
    "RUNPOD_ENDPOINT_ID": Key(parse=_name, default=None, help="The serverless endpoint that runs the worker image"),
    "RUNPOD_MAX_IN_FLIGHT": Key(
        parse=_integer(1, 1000),
        default="2",
        help="Jobs at RunPod at once: workersMax + 1, so that its scaler sees a backlog",
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
    "COMFY_ROOT": ("/opt/ComfyUI", "ComfyUI's folder", "worker image"),
    "COMFY_PORT": ("8188", "ComfyUI's port on 127.0.0.1", "worker image"),
    "COMFY_ARGS": ("", "Arguments for ComfyUI, after ours", "worker image"),
    "COMFY_START_S": ("300", "Seconds until ComfyUI must answer", "worker image"),
    "WORKFLOWS_DIR": ("/opt/imgvid/workflows", "Workflows and their bindings; mount your own there", "worker image"),
    "NODES_LOCK": ("/opt/imgvid/nodes.lock", "The node packs' lock, for the recipe", "worker image"),
    "WORKER_IMAGE": ("", "The image's own name, for the recipe", "worker image"),
    "RUNPOD_REST_URL": ("https://api.runpod.io/v2", "RunPod's management API", "imgvid endpoint"),
    "HF_TOKEN": (
        "",
        "Hugging Face token with write access; on your own machine only, never on an endpoint",
        "imgvid bundle",
    ),
}


def _secret() -> Any:
    return field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateSettings:
    database_url: str = _secret()
    log_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotSettings:
    database_url: str = _secret()
    telegram_bot_token: str = _secret()
    telegram_api_url: str
    allowed_chats: frozenset[int]
    allowed_users: frozenset[int]
    admin_ids: frozenset[int]
    pending_per_person: int
    queue_limit: int
    chat_jobs_per_minute: int
    album_wait_s: timedelta
    bot_concurrency: int
    show_prices: bool
    keep_prompts_days: timedelta  # /privacy says them
    keep_rows_days: timedelta
    log_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherSettings:
    database_url: str = _secret()
    telegram_bot_token: str = _secret()
    telegram_api_url: str
    runpod_api_key: str = _secret()
    runpod_api_url: str
    runpod_endpoint_id: str
    runpod_max_in_flight: int
    in_flight_per_person: int
    lease_s: timedelta
    unknown_wait_s: timedelta
    poll_s: timedelta
    status_poll_s: timedelta
    run_deadline_s: timedelta | None
    keep_prompts_days: timedelta
    keep_rows_days: timedelta
    log_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    telegram_bot_token: str = _secret()
    telegram_api_url: str
    worker_engine: str
    worker_database_url: str | None = _secret()
    job_root: Path | None
    log_level: str


Settings = TypeVar("Settings", MigrateSettings, BotSettings, DispatcherSettings, WorkerSettings)


def _read_key(name: str, environ: Mapping[str, str]) -> Any:
    key = KEYS[name]
    text = environ.get(name, "").strip()
    if not text:
        if key.default is None and not key.empty_is_none:
            raise ValueError(f"{name} is not set: {key.help}")
        if key.default is None:
            return None
        text = key.default
    try:
        return key.parse(text)
    except ValueError as error:
        shown = "its value" if key.secret else repr(text)
        raise ValueError(f"{name}: {shown} {error}") from None


def read(kind: type[Settings], environ: Mapping[str, str]) -> Settings:
    """The settings of one process. Raises SettingsRefused with every problem at once."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in fields(kind):
        try:
            values[item.name] = _read_key(item.name.upper(), environ)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise SettingsRefused(problems)
    return kind(**values)
