"""How a request fails at fal: with a model's error (a `detail` list) or the platform's (flat). Texts: fal's pages "Model
Errors" and "Request Error Types", and its toolkit's exceptions where those are observed to differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imgvid.sandbox.fal.problems import Problem, problem

RETRIED = frozenset({503, 504})  # what the queue runs again by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a failed request's result answers. `error` and `error_type` are what its status shows."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    error_type: str = ""
    listed: bool = False  # a model's error

    @property
    def rerun(self) -> bool:
        return self.status in RETRIED and "X-Fal-Request-Timeout-Type" not in self.headers


# type: (HTTP code, text). Codes: facts/models.md 1.6.
LISTED: Mapping[str, tuple[int, str]] = {
    "internal_server_error": (500, "Internal server error"),
    "generation_timeout": (504, "Generation timeout"),
    "downstream_service_error": (400, "Downstream service error"),
    "downstream_service_unavailable": (500, "Downstream service unavailable"),
    "content_policy_violation": (
        422,
        "The content could not be processed because it contained material flagged by a content checker.",
    ),
    "no_media_generated": (422, "The model did not generate the expected output for this prompt."),
    "invalid_request": (
        422,
        "Could not generate images with the given prompts and images. Please try again with different inputs.",
    ),
    "image_too_small": (422, "Image too small"),
    "image_too_large": (422, "Image too large"),
    "image_load_error": (
        422,
        "Failed to load the image. Please ensure the image file is not corrupted and is in a supported format.",
    ),
    "file_download_error": (422, "Failed to download the file. Please check if the URL is accessible and try again."),
    "file_too_large": (422, "File too large"),
    "face_detection_error": (422, "Could not detect face in the image"),
    "greater_than": (422, "Input should be greater than 0"),
    "greater_than_equal": (422, "Input should be greater than or equal to 0"),
    "less_than": (422, "Input should be less than 1"),
    "less_than_equal": (422, "Input should be less than or equal to 20"),
    "multiple_of": (422, "Input should be a multiple of 8"),
    "sequence_too_short": (422, "Sequence should have at least 1 items"),
    "sequence_too_long": (422, "Sequence should have at most 4 items"),
    "one_of": (422, "Input should be 'EulerA' or 'DPM++'"),
    "feature_not_supported": (422, "Feature not supported"),
    "unsupported_image_format": (422, "Unsupported image format. Supported formats are .jpg, .jpeg, .png, .webp."),
    "unsupported_audio_format": (422, "Unsupported audio format. Supported formats are .mp3, .wav, .ogg."),
    "unsupported_video_format": (422, "Unsupported video format. Supported formats are .mp4, .mov, .webm."),
    "audio_duration_too_long": (422, "Audio duration exceeds the maximum allowed."),
    "audio_duration_too_short": (422, "Audio duration is too short."),
    "video_duration_too_long": (422, "Video duration exceeds the maximum allowed."),
    "video_duration_too_short": (422, "Video duration is too short."),
}
FLAT: Mapping[str, tuple[int, str]] = {
    "request_timeout": (504, "Request timed out"),
    "startup_timeout": (504, "The runner did not start within the allowed time."),
    "runner_scheduling_failure": (503, "No runner could be allocated to handle the request."),
    "runner_connection_timeout": (503, "The connection to the runner timed out."),
    "runner_disconnected": (503, "The runner disconnected unexpectedly during processing."),
    "runner_connection_refused": (503, "The runner refused the connection."),
    "runner_connection_error": (503, "A general connection error occurred with the runner."),
    "runner_incomplete_response": (502, "The runner sent an incomplete response payload."),
    "runner_server_error": (500, "The runner encountered an internal server error."),
    "client_disconnected": (499, "The client closed the connection before the response was sent."),
    "client_cancelled": (499, "The request was cancelled by the client."),
    "bad_request": (400, "The request was malformed."),
    "internal_error": (500, "An unexpected internal error occurred."),
}
_ABOUT_PROMPT = frozenset({"content_policy_violation"})
_RETRYABLE = frozenset({"internal_server_error", "generation_timeout", "downstream_service_unavailable"})


def model_error(  # each is a part of the entry
    kind: str,
    *,
    loc: Sequence[str | int] | None = None,
    msg: str | None = None,
    ctx: Mapping[str, object] | None = None,
    given: object = None,
    status: int | None = None,
    retryable: bool | None = None,
) -> Failure:
    """One entry of that type; an unknown type is a 422."""
    usual_status, usual_msg = LISTED.get(kind, (422, kind.replace("_", " ").capitalize()))
    where = loc if loc is not None else (("prompt",) if kind in _ABOUT_PROMPT else ())
    entry = problem(kind, msg or usual_msg, loc=where, given=given, ctx=ctx)
    return rejected(
        [entry], status=status or usual_status, retryable=kind in _RETRYABLE if retryable is None else retryable
    )


def rejected(problems: Sequence[Problem], *, status: int = 422, retryable: bool = False) -> Failure:
    """A list of entries. Nothing is billed."""
    first = problems[0]
    return Failure(
        status=status,
        body={"detail": list(problems)},
        headers={"X-Fal-Retryable": str(retryable).lower(), "X-Fal-Billable-Units": "0"},
        error=str(first["msg"]),
        error_type=str(first["type"]),
        listed=True,
    )


def platform_error(kind: str, *, detail: str | None = None, status: int | None = None) -> Failure:
    """Flat, with its type in a header as well."""
    usual_status, usual_detail = FLAT.get(kind, (500, kind))
    text = detail or usual_detail
    return Failure(
        status=status or usual_status,
        body={"detail": text, "error_type": kind},
        headers={"X-Fal-Error-Type": kind, "X-Fal-Billable-Units": "0"},
        error=text,
        error_type=kind,
    )


def start_timeout() -> Failure:
    """The caller's own time to start ran out: the one 504 that nobody repeats."""
    late = platform_error("startup_timeout", detail="Request timed out")
    return Failure(
        status=late.status,
        body=late.body,
        headers={**late.headers, "X-Fal-Request-Timeout-Type": "user"},
        error=late.error,
        error_type=late.error_type,
    )


def no_such_path(path: str) -> Failure:
    """The app lives, the endpoint in it does not: it is the app that answers, after the queue took the request."""
    return Failure(
        status=404,
        body={"detail": f"Path {path} not found"},
        headers={"X-Fal-Billable-Units": "0"},
        error=f"Path {path} not found",
        listed=True,
    )
