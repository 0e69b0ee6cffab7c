"""One logger for every process, and the names of what may happen.

Event names are dotted noun.verb, past tense, constants here; `docs/ONCALL.md` explains each and a test holds the two
together. Lines are JSON where the output is no terminal, aligned colour where it is. A processor masks secrets: bot
tokens in URLs, DSN passwords, keys. Prompts and file bytes are never passed to the logger at all.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PROCESS_STARTED = "process.started"
PROCESS_STOPPED = "process.stopped"
PROCESS_FAILED = "process.failed"

# -- store
SCHEMA_MIGRATED = "schema.migrated"
DATABASE_LOST = "database.lost"
DATABASE_RECOVERED = "database.recovered"
LISTENER_LOST = "listener.lost"
LISTENER_RECOVERED = "listener.recovered"

# -- telegram (the client, the job's message)
MESSAGE_NOT_EDITABLE = "message.not_editable"
DELIVERY_UNSURE = "delivery.unsure"
DELIVERY_SUPERSEDED = "delivery.superseded"
DELIVERY_REFUSED = "delivery.refused"

# -- worker (one run = one attempt of one job on one worker)
WORKER_READY = "worker.ready"
WORKSPACE_READY = "workspace.ready"
RUN_BEGAN = "run.began"
RUN_ENDED = "run.ended"
RUN_CANCELLED = "run.cancelled"
RUN_CRASHED = "run.crashed"
PROGRESS_MUTED = "progress.muted"
REPORT_LOST = "report.lost"

# -- worker image: bootstrap
BOOT_BEGAN = "boot.began"
BUNDLE_WAITED = "bundle.waited"
BUNDLE_READY = "bundle.ready"
BUNDLE_UNPROVEN = "bundle.unproven"
BOOT_REFUSED = "boot.refused"
GPU_PROVEN = "gpu.proven"
COMFY_STARTED = "comfy.started"
WORKFLOW_DOUBTED = "workflow.doubted"
COMFY_READY = "comfy.ready"
CHILD_DIED = "child.died"
BOOT_ENDED = "boot.ended"

# -- sandbox: RunPod
SANDBOX_WORKER_STARTED = "sandbox.worker_started"
SANDBOX_WORKER_ENDED = "sandbox.worker_ended"

# -- bot
BOT_READY = "bot.ready"
UPDATES_LOST = "updates.lost"
UPDATES_RECOVERED = "updates.recovered"
UPDATES_REFUSED = "updates.refused"
UPDATES_LEFT = "updates.left"
UPDATES_UNCONFIRMED = "updates.unconfirmed"
UPDATE_FAILED = "update.failed"
UPDATE_GIVEN_UP = "update.given_up"
CARD_OPENED = "card.opened"
JOB_TAKEN = "job.taken"
PLACEHOLDER_LEFT = "placeholder.left"
ANSWER_DROPPED = "answer.dropped"
PROFILE_SKIPPED = "profile.skipped"
CHAT_GONE = "chat.gone"
CHAT_MIGRATED = "chat.migrated"

# -- dispatcher: jobs
JOB_LEASED = "job.leased"
JOB_SUBMITTED = "job.submitted"
JOB_BEGAN = "job.began"
JOB_RERUN = "job.rerun"
JOB_GIVEN_BACK = "job.given_back"
JOB_DELIVERING = "job.delivering"
DELIVERY_POSTPONED = "delivery.postponed"
JOB_RETRIED = "job.retried"
JOB_CLOSING = "job.closing"
JOB_COMPLETED = "job.completed"
JOB_TOLD = "job.told"
JOB_MOVED_ON = "job.moved_on"
LEASE_EXPIRED = "lease.expired"
SUBMIT_UNKNOWN = "submit.unknown"
ACCEPT_LATE = "accept.late"
ACCEPT_LOST = "accept.lost"
REQUEST_MISSING = "request.missing"
CANCEL_SENT = "cancel.sent"
CANCEL_UNHEARD = "cancel.unheard"
ORPHAN_CANCELLED = "orphan.cancelled"
ORPHAN_OVER = "orphan.over"
PLACES_EXPIRED = "places.expired"

# -- dispatcher: backends
BACKEND_PAUSED = "backend.paused"
BACKEND_STILL_PAUSED = "backend.still_paused"
BACKEND_RESUMED = "backend.resumed"
BACKEND_BUSY = "backend.busy"
BACKEND_STARVED = "backend.starved"
BACKEND_FED = "backend.fed"
BACKEND_ZEROED = "backend.zeroed"
BACKEND_REVIVED = "backend.revived"
BACKEND_NOT_REVIVED = "backend.not_revived"
BACKEND_HEALTHY = "backend.healthy"
SCALING_HIDDEN = "scaling.hidden"
SCALING_UNREAD = "scaling.unread"
PROVIDER_DEAF = "provider.deaf"
MODEL_GONE = "model.gone"

# -- dispatcher: chats
CHAT_TOLD = "chat.told"
CHAT_UNTOLD = "chat.untold"
CHAT_FLOODED = "chat.flooded"
MESSAGE_SENT = "message.sent"
MESSAGE_RETIRED = "message.retired"
MESSAGE_STUCK = "message.stuck"
MESSAGE_DELETED = "message.deleted"
MESSAGE_NOT_ASKED = "message.not_asked"
TEXT_REFUSED = "text.refused"
TOKEN_REFUSED = "token.refused"  # noqa: S105  an event, not a secret
VIDEO_AFTER_END = "video.after_end"

# -- dispatcher: the process
DISPATCHER_STARTED = "dispatcher.started"
DISPATCHER_STOPPED = "dispatcher.stopped"
LOOP_CUT_OFF = "loop.cut_off"
WORK_CRASHED = "work.crashed"
PERSON_WIPED = "person.wiped"
WIPE_UNTOLD = "wipe.untold"
OLD_ROWS_PRUNED = "old_rows.pruned"

# -- comfy (the ComfyUI client and the worker's engine)
SOCKET_LOST = "socket.lost"
WORKFLOW_LOADED = "workflow.loaded"
PROMPT_BOUND = "prompt.bound"
PROMPT_NOT_STOPPED = "prompt.not_stopped"
DISK_ALLOWED = "disk.allowed"
ENGINE_WORN = "engine.worn"
ENGINE_LEFTOVERS = "engine.leftovers"

_SECRETS = (
    (re.compile(r"(/(?:file/)?bot)\d+:[A-Za-z0-9_-]+"), r"\1***"),  # Telegram: the URL carries the token
    (re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{20,}\b"), "***"),  # a bare bot token
    (re.compile(r"(://[^:/@\s]+:)[^@/\s]+@"), r"\1***@"),  # a DSN password
    (re.compile(r"(?i)\b(bearer|key)\s+[A-Za-z0-9_.:-]{8,}"), r"\1 ***"),  # an Authorization header
    (re.compile(r"(://[\w.-]*\bfal\.media/)[^\s\"']+"), r"\1***"),  # a public link to somebody's picture
    (re.compile(r"\b(rpa_|hf_)[A-Za-z0-9]{8,}\b"), r"\1***"),
)


def mask(text: str) -> str:
    """The same text with everything that looks like a secret replaced by `***`."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _mask_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_value(item) for item in value]
    if isinstance(value, BaseException):
        return mask(f"{type(value).__name__}: {value}")
    return value


def _mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _mask_value(value)
    return event


class _MaskStdlib(logging.Filter):
    """Libraries log through stdlib logging (httpx writes whole URLs): their lines are masked too."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        return True


def setup(process: str, *, level: str = "INFO", json: bool | None = None) -> None:
    """Configure logging for this process, once. `json=None` means JSON unless stderr is a terminal."""
    as_json = not sys.stderr.isatty() if json is None else json
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_MaskStdlib())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def get() -> Any:
    """The process's structured logger: `log.get().info(log.EVENT, job=..., attempt=...)`."""
    return structlog.get_logger()
