"""Every error of Fal's, and what it means for the job: by type, never by words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.jobs.errors import Code
from imgvid.providers.fal.verdicts import Verdict, judge
from tests.providers.fal.falscript import PROMPT, flat, model_error

# facts/models.md 1.6, all types: (type, HTTP status, code)
MODEL_ERRORS = [
    ("content_policy_violation", 422, Code.CONTENT_POLICY),
    ("no_media_generated", 422, Code.NO_MEDIA),
    ("image_too_small", 422, Code.IMAGE_TOO_SMALL),
    ("image_too_large", 422, Code.IMAGE_TOO_LARGE),
    ("image_load_error", 422, Code.BAD_IMAGE),
    ("file_download_error", 422, Code.WORKER_FAILED),
    ("file_too_large", 422, Code.IMAGE_TOO_HEAVY),
    ("face_detection_error", 422, Code.NO_FACE),
    ("greater_than", 422, Code.INPUT_REFUSED),
    ("greater_than_equal", 422, Code.INPUT_REFUSED),
    ("less_than", 422, Code.INPUT_REFUSED),
    ("less_than_equal", 422, Code.INPUT_REFUSED),
    ("multiple_of", 422, Code.INPUT_REFUSED),
    ("sequence_too_short", 422, Code.INPUT_REFUSED),
    ("sequence_too_long", 422, Code.INPUT_REFUSED),
    ("one_of", 422, Code.INPUT_REFUSED),
    ("feature_not_supported", 422, Code.INPUT_REFUSED),
    ("unsupported_image_format", 422, Code.IMAGE_UNSUPPORTED),
    ("unsupported_audio_format", 422, Code.INPUT_REFUSED),
    ("unsupported_video_format", 422, Code.INPUT_REFUSED),
    ("audio_duration_too_long", 422, Code.INPUT_REFUSED),
    ("audio_duration_too_short", 422, Code.INPUT_REFUSED),
    ("video_duration_too_long", 422, Code.INPUT_REFUSED),
    ("video_duration_too_short", 422, Code.INPUT_REFUSED),
    ("internal_server_error", 500, Code.WORKER_FAILED),
    ("generation_timeout", 504, Code.WORKER_LOST),
    ("downstream_service_error", 400, Code.WORKER_FAILED),
    ("downstream_service_error", 500, Code.WORKER_FAILED),
    ("downstream_service_unavailable", 500, Code.WORKER_LOST),
    ("missing", 422, Code.INPUT_REFUSED),  # pydantic's own
    ("literal_error", 422, Code.INPUT_REFUSED),
    ("a_type_of_tomorrow", 422, Code.INPUT_REFUSED),
    ("a_type_of_tomorrow", 500, Code.PROVIDER_REJECTED),
]
PLATFORM_ERRORS = [
    ("request_timeout", 504, Code.START_TIMEOUT),
    ("startup_timeout", 504, Code.START_TIMEOUT),
    ("runner_scheduling_failure", 503, Code.WORKER_LOST),
    ("runner_connection_timeout", 503, Code.WORKER_LOST),
    ("runner_disconnected", 503, Code.WORKER_LOST),
    ("runner_connection_refused", 503, Code.WORKER_LOST),
    ("runner_connection_error", 503, Code.WORKER_LOST),
    ("runner_incomplete_response", 502, Code.WORKER_LOST),
    ("runner_server_error", 500, Code.WORKER_LOST),
    ("client_disconnected", 499, Code.WORKER_LOST),
    ("bad_request", 400, Code.PROVIDER_REJECTED),
    ("internal_error", 500, Code.WORKER_LOST),
    ("something_new", 503, Code.PROVIDER_REJECTED),
]


@pytest.mark.parametrize(("kind", "status", "code"), MODEL_ERRORS)
def test_a_models_error(kind: str, status: int, code: Code) -> None:
    verdict = judge(status, {}, model_error(kind, "image_size", "width"))
    assert verdict == Verdict(code=code, word=kind, where="body.image_size.width")
    assert str(verdict) == f"{kind} at body.image_size.width"


@pytest.mark.parametrize(("kind", "status", "code"), PLATFORM_ERRORS)
def test_the_platforms_error(kind: str, status: int, code: Code) -> None:
    assert judge(status, {}, flat(kind)) == Verdict(code=code, word=kind)
    assert judge(status, {"x-fal-error-type": kind}, {"detail": "words"}) == Verdict(code=code, word=kind)


@pytest.mark.parametrize("kind", ["sequence_too_long", "string_too_long"])
def test_a_prompt_that_is_too_long_for_the_model_says_so(kind: str) -> None:
    verdict = judge(422, {}, model_error(kind, "prompt"))
    assert verdict is not None
    assert verdict.code is Code.PROMPT_TOO_LONG


@pytest.mark.parametrize("kind", ["internal_server_error", "downstream_service_unavailable", "runner_server_error"])
@pytest.mark.parametrize(("status", "final"), [(500, Code.PROVIDER_REJECTED), (400, Code.INPUT_REFUSED)])
def test_what_fal_calls_final_is_not_tried_again(kind: str, status: int, final: Code) -> None:
    said = {told: judge(status, {"x-fal-retryable": told}, model_error(kind)) for told in ("true", "false", "False")}
    codes = {told: verdict.code for told, verdict in said.items() if verdict is not None}
    assert codes["true"] in {Code.WORKER_FAILED, Code.WORKER_LOST}
    assert codes["false"] is codes["False"] is final


def test_a_file_that_was_not_there_is_uploaded_anew() -> None:
    """Final for Fal, whose request it was; the next try has files of its own."""
    verdict = judge(422, {"x-fal-retryable": "false"}, model_error("file_download_error", "image_url"))
    assert verdict is not None
    assert verdict.code is Code.WORKER_FAILED


def test_of_several_problems_the_known_one_counts() -> None:
    body = {"detail": [*model_error("odd")["detail"], *model_error("content_policy_violation", "prompt")["detail"]]}
    verdict = judge(422, {}, body)
    assert verdict is not None
    assert (verdict.code, verdict.where) == (Code.CONTENT_POLICY, "body.prompt")


def test_a_path_that_the_models_own_runner_does_not_know() -> None:
    """fal-ai/fal, api.py: the app's 404 names the path and bills nothing."""
    verdict = judge(404, {"x-fal-billable-units": "0"}, {"detail": "Path /edit not found"})
    assert verdict is not None
    assert verdict.code is Code.MODEL_GONE
    assert judge(404, {}, {"status": "NOT_FOUND"}) is None
    assert judge(404, {}, {"detail": "Request not found"}) is None


@pytest.mark.parametrize(
    "body", [None, "text", [], {}, {"detail": "Request is still in progress"}, {"status": "NOT_FOUND"}]
)
@pytest.mark.parametrize("status", [400, 404, 500, 502])
def test_an_answer_that_names_no_reason(status: int, body: object) -> None:
    assert judge(status, {}, body) is None


def test_words_with_a_422_are_about_the_input() -> None:
    assert judge(422, {}, {"detail": f"We do not like {PROMPT}"}) == Verdict(code=Code.INPUT_REFUSED, word="http_422")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["detail", "type", "loc", "error_type", "msg"]), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    st.integers(400, 599),
)
def test_no_body_raises(body: object, status: int) -> None:
    verdict = judge(status, {}, body)
    assert verdict is None or isinstance(verdict.code, Code)


def test_no_word_of_a_person_gets_through() -> None:
    hostile = {
        "detail": [{"loc": ["body", PROMPT], "msg": PROMPT, "type": PROMPT, "input": PROMPT}],
        "error_type": PROMPT,
    }
    assert judge(500, {"x-fal-error-type": PROMPT}, hostile) is None
    verdict = judge(422, {}, hostile)
    assert PROMPT not in str(verdict)
