"""What an error of Fal's means for the job: by its type, never by its words. Pure.

Models answer 4xx and 5xx with a list of problems, the platform with one flat problem (facts/models.md 1.6):

    {"detail": [{"loc": ["body", "prompt"], "msg": "…", "type": "content_policy_violation"}]}
    {"detail": "…", "error_type": "runner_connection_timeout"}          X-Fal-Error-Type: runner_connection_timeout

Messages may quote the prompt and addresses of people's pictures, so only types and places are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from imgvid.jobs.errors import Code

CANCELLED = "client_cancelled"
_INPUT = (
    "feature_not_supported", "unsupported_audio_format", "unsupported_video_format", "audio_duration_too_long",
    "audio_duration_too_short", "video_duration_too_long", "video_duration_too_short", "greater_than",
    "greater_than_equal", "less_than", "less_than_equal", "multiple_of", "sequence_too_short", "sequence_too_long",
    "one_of",
)  # fmt: skip
_PLATFORM = (
    "runner_scheduling_failure", "runner_connection_timeout", "runner_disconnected", "runner_connection_refused",
    "runner_connection_error", "runner_incomplete_response", "runner_server_error", "client_disconnected",
    "internal_error", "generation_timeout", "downstream_service_unavailable",
)  # fmt: skip
_CODES: Mapping[str, Code] = {
    **dict.fromkeys(_INPUT, Code.INPUT_REFUSED),
    **dict.fromkeys(_PLATFORM, Code.WORKER_LOST),
    "content_policy_violation": Code.CONTENT_POLICY,
    "no_media_generated": Code.NO_MEDIA,
    "image_too_small": Code.IMAGE_TOO_SMALL,
    "image_too_large": Code.IMAGE_TOO_LARGE,
    "image_load_error": Code.BAD_IMAGE,
    "file_too_large": Code.IMAGE_TOO_HEAVY,
    "unsupported_image_format": Code.IMAGE_UNSUPPORTED,
    "face_detection_error": Code.NO_FACE,
    "file_download_error": Code.WORKER_FAILED,  # our upload was not there for the model; the next try uploads anew
    "request_timeout": Code.START_TIMEOUT,
    "startup_timeout": Code.START_TIMEOUT,
    "internal_server_error": Code.WORKER_FAILED,
    "downstream_service_error": Code.WORKER_FAILED,
    "bad_request": Code.PROVIDER_REJECTED,
}
_TOO_LONG = frozenset({"sequence_too_long", "string_too_long"})  # Fal's word and pydantic's
# What another try may mend, unless Fal says that it will not.
_REPEATED = frozenset({*_PLATFORM, "internal_server_error", "downstream_service_error"})
_TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a request: the job's code, Fal's word for it, and the field that it is about."""

    code: Code
    word: str
    where: str = ""

    @classmethod
    def untyped(cls, status: int) -> Self:
        """A model that answers with plain words: what it refuses with a 4xx is about the input, and final."""
        return cls(code=Code.INPUT_REFUSED, word=f"http_{status}")

    def __str__(self) -> str:
        return f"{self.word} at {self.where}" if self.where else self.word


def judge(status: int, headers: Mapping[str, str], body: object) -> Verdict | None:
    """The verdict of an error answer. None where nothing names a reason: a gateway's page, or words without a type."""
    problem = problem_in(body)
    word = problem.word or _word(headers.get("x-fal-error-type"))
    if word:
        code = code_of(word, status)
        if word in _TOO_LONG and problem.where.endswith("prompt"):
            code = Code.PROMPT_TOO_LONG
        if word in _REPEATED and headers.get("x-fal-retryable", "").lower() == "false":
            code = Code.INPUT_REFUSED if status < 500 else Code.PROVIDER_REJECTED
        return Verdict(code=code, word=word, where=problem.where)
    if not isinstance(body, Mapping) or "detail" not in body:
        return None
    if status == 404 and "x-fal-billable-units" in headers:  # the model's own runner does not know this path of the id
        return Verdict(code=Code.MODEL_GONE, word="http_404")
    return Verdict.untyped(status) if status == 422 else None


def code_of(word: str, status: int) -> Code:
    """A type's code. What we do not know is final: 4xx is about the input, the rest is ours to look at."""
    unknown = Code.INPUT_REFUSED if status == 422 else Code.PROVIDER_REJECTED
    return _CODES.get(word, unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Type and place of a body's problem; empty where it names none."""

    word: str = ""
    where: str = ""


def problem_in(body: object) -> Problem:
    """The problem of an error body: of several, the first whose type we know."""
    if not isinstance(body, Mapping):
        return Problem()
    flat = _word(body.get("error_type"))
    detail = body.get("detail")
    if flat or not isinstance(detail, list):
        return Problem(word=flat)
    listed = [
        Problem(word=_word(one.get("type")), where=_place(one.get("loc"))) for one in detail if isinstance(one, Mapping)
    ]
    named = [problem for problem in listed if problem.word]
    return next((problem for problem in named if problem.word in _CODES), named[0] if named else Problem())


def _word(value: object) -> str:
    """A type is one plain word; anything else may be somebody's text."""
    return value if isinstance(value, str) and _TYPE.fullmatch(value) else ""


def _place(value: object) -> str:
    parts = value if isinstance(value, list) else []
    return ".".join(str(part) for part in parts if isinstance(part, int) or _word(part))[:80]
