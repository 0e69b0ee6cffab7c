"""Looking at Fal's requests and wishing their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from imgvid.jobs.errors import Code
from imgvid.providers.base import (
    Broken,
    Busy,
    Health,
    NotFound,
    OutOfFunds,
    ProviderError,
    RemoteState,
    RequestId,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.fal.status import parse_status
from tests.providers.fal.falscript import (
    KEY,
    PROMPT,
    QUEUE,
    REQUEST,
    Fal,
    answer,
    flat,
    model_error,
    page,
    provider,
    queued,
)
from tests.providers.fal.test_verdicts import MODEL_ERRORS, PLATFORM_ERRORS

BASE = f"{QUEUE}/fal-ai/flux/requests/{REQUEST}"
LINE = RequestId(f"fal-ai/flux/schnell {REQUEST} {BASE} /status /cancel /response")


def completed(**more: Any) -> httpx.Response:
    return answer(200, queued(status="COMPLETED", queue_position=None, logs=None, **more))


def failing(status: httpx.Response, result: Any) -> Fal:
    return Fal().on("GET", f"{BASE}/status", status).on("GET", f"{BASE}/response", result)


async def test_a_request_seen_through_its_states() -> None:
    fal = Fal().on(
        "GET", f"{BASE}/status",
        answer(202, queued(queue_position=3)), answer(202, queued(status="IN_PROGRESS", logs=[])),
        completed(metrics={"inference_time": 1.5}),
    )  # fmt: skip
    made = provider(fal)
    waits = await made.status(LINE)
    assert (waits.state, waits.position, waits.fetchable) == (RemoteState.QUEUED, 3, False)
    runs = await made.status(LINE)
    assert (runs.state, runs.position, runs.fetchable) == (RemoteState.RUNNING, None, False)
    done = await made.status(LINE)
    assert (done.state, done.fetchable, done.failure) == (RemoteState.SUCCEEDED, True, None)
    assert done.execution == timedelta(seconds=1.5)


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("word", ["IN_PROGRESS", "WARMING_UP", "completed"])
async def test_words_that_we_do_not_know_run(status: int, word: str) -> None:
    fal = Fal().on("GET", f"{BASE}/status", answer(status, queued(status=word)))
    look = await provider(fal).status(LINE)
    assert (look.state, look.raw_state) == (RemoteState.RUNNING, word)


@pytest.mark.parametrize(("kind", "status", "code"), MODEL_ERRORS)
async def test_a_models_failure_is_told_by_its_result(kind: str, status: int, code: Code) -> None:
    """The status says only that there is an error; its reason is the result's answer."""
    fal = failing(completed(error=f"Invalid status code: {status}"), answer(status, model_error(kind, "prompt2")))
    look = await provider(fal).status(LINE)
    assert (look.state, look.failure, look.fetchable) == (RemoteState.FAILED, code, False)
    assert look.error == f"{kind} at body.prompt2"


@pytest.mark.parametrize(("kind", "status", "code"), PLATFORM_ERRORS)
@pytest.mark.parametrize("result_gone", [True, False])
async def test_the_platforms_failure(kind: str, status: int, code: Code, result_gone: bool) -> None:
    result = answer(404, {"status": "NOT_FOUND"}) if result_gone else answer(status, flat(kind))
    look = await provider(failing(completed(error="words", error_type=kind), result)).status(LINE)
    assert (look.state, look.failure) == (RemoteState.FAILED, code)
    assert look.error == kind


async def test_nothing_began_in_time() -> None:
    result = answer(504, flat("request_timeout"), x_fal_request_timeout_type="user")
    look = await provider(failing(completed(error="Request timed out", error_type="request_timeout"), result)).status(
        LINE
    )
    assert look.failure is Code.START_TIMEOUT


async def test_a_cancelled_one_is_cancelled_and_not_failed() -> None:
    fal = Fal().on("GET", f"{BASE}/status", completed(error="cancelled", error_type="client_cancelled"))
    look = await provider(fal).status(LINE)
    assert (look.state, look.failure) == (RemoteState.CANCELLED, None)
    assert len(fal.calls) == 1


@pytest.mark.parametrize(("result", "code"), [
    (page(502), Code.WORKER_FAILED),
    (httpx.ConnectError("x"), Code.WORKER_FAILED),
    (answer(500, {"detail": f"words about {PROMPT}"}), Code.WORKER_FAILED),
    (answer(400, {"detail": f"words about {PROMPT}"}), Code.INPUT_REFUSED),
    (answer(410, {"detail": "gone"}), Code.WORKER_FAILED),
    (answer(200, {"images": []}), Code.WORKER_FAILED),
])  # fmt: skip
async def test_a_failure_without_a_type(result: Any, code: Code) -> None:
    look = await provider(failing(completed(error=f"words about {PROMPT}"), result)).status(LINE)
    assert (look.state, look.failure) == (RemoteState.FAILED, code)
    assert PROMPT not in repr(look)


async def test_an_account_that_is_locked_meanwhile_is_no_failure_of_the_job() -> None:
    locked = answer(403, {"detail": "User is locked. Reason: Exhausted balance."})
    with pytest.raises(OutOfFunds):
        await provider(failing(completed(error="x"), locked)).status(LINE)


@pytest.mark.parametrize(("said", "raised"), [
    (answer(404, {"status": "NOT_FOUND"}), NotFound), (answer(410, {}), NotFound), (answer(401, {"detail": "x"}), Unauthorized),
    (answer(403, {"detail": "User is locked. Reason: TOP_UP."}), OutOfFunds), (answer(429, {}, retry_after="2"), Busy),
    (page(502), Unreachable), (page(200), Unreachable), (answer(503, {"detail": "x"}), Unreachable),
    (httpx.ConnectError("x"), Unreachable), (httpx.ReadTimeout("x"), Unreachable), (answer(200, {"logs": []}), Broken),
    (answer(200, []), Broken), (answer(302, None, location="https://x"), Broken),
])  # fmt: skip
async def test_what_a_look_may_meet(said: Any, raised: type[ProviderError]) -> None:
    fal = Fal().on("GET", f"{BASE}/status", said)
    with pytest.raises(ProviderError) as caught:
        await provider(fal).status(LINE)
    assert type(caught.value) is raised
    assert len(fal.calls) == (3 if raised is Unreachable else 1)
    assert KEY not in repr(caught.value)


async def test_a_look_is_repeated_while_nothing_is_learned() -> None:
    fal = Fal().on("GET", f"{BASE}/status", page(502), httpx.ReadError("x"), completed())
    assert (await provider(fal).status(LINE)).fetchable


@pytest.mark.parametrize("line", [
    f"m/n {REQUEST} https://evil.test/requests/{REQUEST} /status /cancel /response",
    f"m/n {REQUEST} {QUEUE}.evil.test/requests/1 /status /cancel /response",
    f"m/n {REQUEST} https://user@queue.fal.test/requests/1 /status /cancel /response",
    f"m/n {REQUEST} http://queue.fal.test/requests/1 /status /cancel /response",
    f"m/n {REQUEST} {QUEUE}:8443/requests/1 /status /cancel /response",
    f"m/n {REQUEST} nonsense /status /cancel /response",
])  # fmt: skip
async def test_the_key_goes_to_the_configured_host_and_nowhere_else(line: str) -> None:
    fal = Fal()
    made = provider(fal)
    with pytest.raises(Broken):
        await made.status(RequestId(line))
    with pytest.raises(Broken):
        await made.cancel(RequestId(line))
    with pytest.raises(Broken):
        async with made.fetch(RequestId(line)):
            raise AssertionError
    assert fal.calls == []


@pytest.mark.parametrize("line", ["ep1/abc-e1", "", "a b c"])
async def test_another_providers_request_is_not_found(line: str) -> None:
    made = provider(Fal())
    for ask in (made.status, made.cancel):
        with pytest.raises(NotFound):
            await ask(RequestId(line))


@pytest.mark.parametrize("said", [
    answer(202, {"status": "CANCELLATION_REQUESTED"}), answer(200, {"success": True}), answer(200, {"success": False}),
    answer(400, {"status": "ALREADY_COMPLETED"}), answer(404, {"status": "NOT_FOUND"}), page(204),
])  # fmt: skip
async def test_a_wish_that_arrived(said: Any) -> None:
    fal = Fal().on("PUT", f"{BASE}/cancel", said)
    await provider(fal).cancel(LINE)
    assert len(fal.calls) == 1


@pytest.mark.parametrize(("said", "raised"), [
    (page(500), Unreachable), (httpx.ReadTimeout("x"), Unreachable), (answer(401, {}), Unauthorized),
    (answer(400, {"status": "X"}), ProviderError),
])  # fmt: skip
async def test_a_wish_that_was_not_heard(said: Any, raised: type[ProviderError]) -> None:
    with pytest.raises(raised):
        await provider(Fal().on("PUT", f"{BASE}/cancel", said)).cancel(LINE)


async def test_there_is_nothing_to_count_and_nothing_to_delete() -> None:
    fal = Fal()
    made = provider(fal)
    assert await made.health() == Health()
    assert not (await made.health()).starved
    await made.forget(LINE)
    assert fal.calls == []


def test_a_status_without_a_word_is_no_status() -> None:
    assert parse_status({}) is None
    assert parse_status({"status": 7}) is None
    assert parse_status({"status": ""}) is None
