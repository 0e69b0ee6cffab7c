"""Settings: read once from an environment mapping, frozen, all problems named together, secrets masked.

The list of all settings is `keys.py`. A process asks for its own with `read(BotSettings, environ)`; every field names its key
by being its lower-case twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from imgvid.keys import KEYS, TOOL_KEYS

__all__ = [
    "KEYS",
    "TOOL_KEYS",
    "BotSettings",
    "DispatcherSettings",
    "DoctorSettings",
    "JobsSettings",
    "MigrateSettings",
    "SettingsRefused",
    "WorkerSettings",
    "read",
]


class SettingsRefused(Exception):
    """One or more settings are missing or malformed. `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _secret() -> Any:
    return field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateSettings:
    database_url: str = _secret()
    log_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsSettings:
    """`imgvid jobs`."""

    database_url: str = _secret()
    admin_ids: frozenset[int]  # the only one is where a replay goes
    keep_prompts_days: timedelta


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
    runpod_api_key: str | None = _secret()
    runpod_api_url: str
    runpod_endpoint_id: str | None
    runpod_max_in_flight: int
    runpod_rest_url: str
    runpod_workers_max: int
    runpod_ltx_endpoint_id: str | None
    runpod_ltx_max_in_flight: int
    runpod_ltx_vram_gb: int
    fal_api_key: str | None = _secret()
    fal_queue_base_url: str
    fal_storage_url: str
    fal_standard_model: str
    fal_premium_model: str
    fal_max_in_flight: int
    video_poll_interval: timedelta
    video_max_wait_sec: timedelta
    comfyui_api_url: str | None
    comfyui_api_port: int
    comfyui_api_key: str | None = _secret()
    comfyui_timeout: timedelta | None
    comfyui_poll_interval: timedelta
    comfyui_allow_disk: bool
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
class DoctorSettings:
    """`imgvid doctor`, beside the bot's and the dispatcher's."""

    fal_api_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    telegram_bot_token: str = _secret()
    telegram_api_url: str
    worker_engine: str
    worker_database_url: str | None = _secret()
    job_root: Path | None
    log_level: str


Settings = TypeVar(
    "Settings", MigrateSettings, JobsSettings, BotSettings, DispatcherSettings, DoctorSettings, WorkerSettings
)


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
    if kind is DispatcherSettings:
        problems += _backends(environ)
    if problems:
        raise SettingsRefused(problems)
    return kind(**values)


def _backends(environ: Mapping[str, str]) -> list[str]:
    """A dispatcher needs somewhere to send jobs to."""
    there = {name for name in KEYS if environ.get(name, "").strip()}
    endpoints = there & {"RUNPOD_ENDPOINT_ID", "RUNPOD_LTX_ENDPOINT_ID"}
    if endpoints and "RUNPOD_API_KEY" not in there:
        return [f"RUNPOD_API_KEY is not set, and {' and '.join(sorted(endpoints))} cannot be used without it"]
    if "RUNPOD_API_KEY" in there and not endpoints:
        return ["RUNPOD_API_KEY is set, but neither RUNPOD_ENDPOINT_ID nor RUNPOD_LTX_ENDPOINT_ID: which endpoint?"]
    if not endpoints and not there & {"FAL_API_KEY", "COMFYUI_API_URL"}:
        return [
            "no backend is configured: set RUNPOD_API_KEY and RUNPOD_ENDPOINT_ID, or FAL_API_KEY, or COMFYUI_API_URL"
        ]
    return []
