"""A whole run on real sockets: the photo goes in, the message becomes the video, nothing stays behind."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imgvid.jobs.errors import Code
from imgvid.media.video import probe
from imgvid.telegram.keyboard import Action, pack
from imgvid.telegram.patience import Patience
from imgvid.worker.attempt import Manners
from imgvid.worker.engines.base import EngineFailed, Made, Order, Tell
from imgvid.worker.engines.preview import Preview
from tests.worker.conftest import Stage, jpeg


async def test_a_photo_becomes_a_video_in_the_same_message(stage: Stage) -> None:
    photo = await stage.eva.send_photo(jpeg(), caption="waves at dusk")
    payload = await stage.job(photo, locale="sk")
    report = await stage.runner(Preview(), facts={"image": "v1"}).run(payload, request_id="r-1")
    output = report.as_result()

    assert "error" not in output
    assert output["outcome"] == "delivered", output
    assert output["residual_bytes"] == 0
    assert stage.leftovers() == []
    message = await stage.message(payload)
    assert message.kind == "video"
    assert message.media is not None
    assert (message.media.width, message.media.height, message.media.audio) == (832, 480, True)
    assert message.media.duration == 5
    assert message.text.splitlines()[0] == "waves at dusk"
    assert "Ukážka" in message.text
    assert "5 s · seed 77 · ab12cd3" in message.text.splitlines()[-1]
    buttons = [button.data for row in message.buttons for button in row]
    assert buttons == [pack(action, "ab12cd3") for action in (Action.AGAIN, Action.SEED, Action.CHANGE)]
    file = output["file"]
    assert isinstance(file, dict)
    assert file["file_id"] == message.media.file_id
    assert (file["kind"], file["width"], file["height"], file["frames"], file["fps"]) == ("video", 832, 480, 120, 24.0)
    assert file["duration_s"] == 5.0

    # What the person has is what Telegram wants, and says nothing about how it was made.
    path = stage.folder / "shown.mp4"
    path.write_bytes(await stage.eva.media(message.message_id))
    facts = probe(path)
    assert (facts.container, facts.faststart, facts.audio_codec, facts.tags) == ("mp4", True, "aac", ())
    assert facts.bytes == file["bytes"]

    phases = output["phases"]
    assert isinstance(phases, dict)
    assert list(phases) == [
        f"{name}_s" for name in ("look", "download", "prepare", "load", "sample", "encode", "pack", "upload", "wipe")
    ]
    assert sum(phases.values()) == pytest.approx(output["total_s"], abs=0.02)
    recipe = output["recipe"]
    assert isinstance(recipe, dict)
    assert recipe["engine"] == "preview"
    assert (recipe["mode"], recipe["seed"], recipe["plan"], recipe["image"]) == ("wan22-i2v", 77, "add_audio", "v1")
    assert len(str(recipe["frames_sha256"])) == 64
    assert "waves" not in json.dumps(output)

    # The worker only edits this one message, and reads.
    assert set(await stage.methods()) == {"editMessageText", "getFile", "editMessageMedia", "file"}
    texts = [step.text for step in message.history if step.kind == "text"]
    assert texts[0] == "In the queue"
    assert "ab12cd3" in texts[1]
    assert texts[-1].startswith("Posielam")


async def test_two_photos_are_the_first_and_the_last_frame(stage: Stage) -> None:
    first, last = await stage.eva.send_album([jpeg(), jpeg(600, 800)])
    engine = stage.clip(before=lambda order: (order.folder / "seen").touch())
    report = await stage.runner(engine).run(await stage.job(first, last))
    assert report.as_json()["outcome"] == "delivered"
    (order,) = engine.orders
    assert {role: path.name for role, path in order.images.items()} == {"image": "input.png", "last": "last.png"}
    assert order.folder.parent.name == "root0"
    assert stage.leftovers() == []


async def test_a_hidden_photo_gives_a_hidden_video(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg(), spoiler=True))
    await stage.runner(stage.clip()).run(payload)
    media = (await stage.message(payload)).media
    assert media is not None
    assert media.spoiler


async def test_a_second_run_stops_before_it_costs_anything(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    assert (await stage.runner(stage.clip()).run(payload)).as_json()["outcome"] == "delivered"
    before = await stage.message(payload)
    await stage.sim.delete("/sim/calls")
    engine = stage.clip()
    output = (await stage.runner(engine).run(payload | {"attempt": 2})).as_result()
    assert (output["outcome"], output["reason"]) == ("stopped", "already_delivered")
    assert "error" not in output
    assert engine.orders == []
    assert [call["method"] for call in await stage.sim.calls()] == ["editMessageText"]
    assert (await stage.message(payload)).media == before.media


async def test_two_runs_at_once_leave_one_video(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    gate = asyncio.Event()
    engines = [stage.clip(gate=gate), stage.clip(gate=gate)]
    runs = [asyncio.create_task(stage.runner(engine).run(payload)) for engine in engines]
    for engine in engines:
        await engine.reached.wait()
    gate.set()
    outputs = [(await run).as_json() for run in runs]
    assert "delivered" in {output["outcome"] for output in outputs}
    for output in outputs:
        assert output["outcome"] == "delivered" or output["reason"] in ("already_delivered", "superseded")
    summary = await stage.sim.summary(stage.eva.chat_id)
    assert (summary["videos"], summary["video_messages"]) == (1, [payload["message_id"]])
    assert stage.leftovers() == []


async def test_a_late_second_run_meets_the_video_at_its_second_look(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    gate = asyncio.Event()
    late = stage.clip(gate=gate)
    late_run = asyncio.create_task(stage.runner(late, every=timedelta(hours=1)).run(payload))
    await late.reached.wait()
    assert (await stage.runner(stage.clip()).run(payload)).as_json()["outcome"] == "delivered"
    gate.set()
    output = (await late_run).as_json()
    assert (output["outcome"], output["reason"]) == ("stopped", "already_delivered")
    assert len(await stage.sim.calls("editMessageMedia")) == 1


async def test_a_run_that_was_overtaken_is_stopped_by_its_next_progress_edit(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    slow = stage.clip(gate=asyncio.Event(), percents=())
    slow_run = asyncio.create_task(stage.runner(slow, every=timedelta(0)).run(payload))
    await slow.reached.wait()
    await stage.sim.until_called("editMessageText", calls=2)
    assert (await stage.runner(stage.clip()).run(payload)).as_json()["outcome"] == "delivered"
    assert slow_run.done() is False
    assert slow.tell is not None
    await slow.tell("sample", 50)
    output = (await slow_run).as_json()
    assert (output["outcome"], output["reason"]) == ("stopped", "already_delivered")
    assert slow.cancelled == 1
    assert stage.leftovers() == []


@pytest.mark.parametrize("when", ["before", "while generating", "before sending"])
async def test_a_deleted_message_ends_the_run(stage: Stage, when: str) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    gate = asyncio.Event()
    engine = stage.clip(gate=gate, percents=())
    every = timedelta(hours=1) if when == "before sending" else timedelta(0)
    if when == "before":
        await stage.eva.delete(payload["message_id"])
    run = asyncio.create_task(stage.runner(engine, every=every).run(payload))
    if when != "before":
        await engine.reached.wait()
        if when == "while generating":
            await stage.sim.until_called("editMessageText", calls=2)
        await stage.eva.delete(payload["message_id"])
        if when == "while generating":
            assert engine.tell is not None
            await engine.tell("sample", 30)
        else:
            gate.set()
    output = (await run).as_json()
    assert (output["outcome"], output["reason"]) == ("stopped", "message_gone")
    assert len(engine.orders) == (0 if when == "before" else 1)
    assert engine.cancelled == (1 if when == "while generating" else 0)
    assert await stage.sim.calls("editMessageMedia") == []
    assert stage.leftovers() == []


async def test_a_message_deleted_during_the_upload(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    held = await stage.sim.fault("hold", method="editMessageMedia")
    run = asyncio.create_task(stage.runner(stage.clip()).run(payload))
    await stage.sim.until_held(held)
    await stage.eva.delete(payload["message_id"])
    await stage.sim.release(held)
    output = (await run).as_json()
    assert (output["outcome"], output["reason"]) == ("stopped", "message_gone")
    assert (await stage.sim.summary(stage.eva.chat_id))["videos_ever"] == 0


@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_blocked_bot(stage: Stage, when: str) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    gate = asyncio.Event()
    engine = stage.clip(gate=gate)
    if when == "before":
        await stage.eva.block()
    run = asyncio.create_task(stage.runner(engine, every=timedelta(hours=1)).run(payload))
    if when == "during":
        await engine.reached.wait()
        await stage.eva.block()
        gate.set()
    output = (await run).as_json()
    assert (output["outcome"], output["reason"]) == ("stopped", "chat_gone")
    assert len(engine.orders) == (1 if when == "during" else 0)


async def test_a_group_that_grew_is_told_to_the_dispatcher(stage: Stage) -> None:
    photo = await stage.eva.send_photo(jpeg())
    group = await stage.sim.group("Friends", [stage.eva])
    message_id = await stage.telegram.send_text(chat_id=group, text="In the queue")
    payload = await stage.job(photo, chat_id=group, message_id=message_id)
    grown = await stage.eva.within(group).migrate()
    engine = stage.clip()
    output = (await stage.runner(engine).run(payload)).as_json()
    assert (output["outcome"], output["reason"], output["detail"]) == ("stopped", "chat_moved", str(grown.chat_id))
    assert engine.orders == []


async def test_an_answer_lost_after_the_video_was_applied_is_a_delivery(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    await stage.sim.fault("drop", method="editMessageMedia")
    output = (await stage.runner(stage.clip()).run(payload)).as_json()
    assert output["outcome"] == "delivered"
    message = await stage.message(payload)
    assert message.media is not None
    assert isinstance(output["file"], dict)
    assert output["file"]["file_id"] == message.media.file_id
    assert len(await stage.sim.calls("editMessageMedia")) == 1


async def test_a_video_that_telegram_refuses_is_a_failure_with_its_words(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    await stage.sim.fault(
        "error", method="editMessageMedia", status=400, description="Bad Request: wrong file identifier", times=0
    )
    output = (await stage.runner(stage.clip()).run(payload)).as_result()
    assert (output["outcome"], output["code"]) == ("failed", "delivery_failed")
    assert "wrong file identifier" in str(output["detail"])
    assert str(output["error"]).startswith("delivery_failed: ")


async def test_progress_is_edited_rarely_and_stops_at_the_first_429(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    gate = asyncio.Event()
    engine = stage.clip(gate=gate, percents=())
    run = asyncio.create_task(stage.runner(engine, every=timedelta(0)).run(payload))
    await engine.reached.wait()
    assert engine.tell is not None
    await engine.tell("sample", 20)
    await stage.eva.bot_message(lambda shown: "20" in shown.text)
    assert (await stage.message(payload)).button(pack(Action.CANCEL, "ab12cd3")) is not None
    seen = len(await stage.sim.calls("editMessageText"))
    await stage.sim.fault("429", method="editMessageText", retry_after=3600)
    await engine.tell("sample", 40)
    await stage.sim.until_called("editMessageText", calls=seen + 1)
    for percent in (60, 80):
        await engine.tell("sample", percent)
        await asyncio.sleep(0)
    gate.set()
    assert (await run).as_json()["outcome"] == "delivered"
    calls = await stage.sim.calls("editMessageText")
    assert [call["status"] for call in calls[seen:]] == [429, 200]  # the refused one, then "sending"
    texts = [step.text for step in (await stage.message(payload)).history if step.kind == "text"]
    assert not any("40" in text or "60" in text or "80" in text for text in texts)


async def test_a_flood_limit_before_the_upload_is_waited_out(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    await stage.sim.fault("429", method="editMessageText", nth=2, retry_after=200)
    output = (await stage.runner(stage.clip(), every=timedelta(hours=1)).run(payload)).as_json()
    assert output["outcome"] == "delivered"
    assert [call["status"] for call in await stage.sim.calls("editMessageText")] == [200, 429, 200]


async def test_a_telegram_that_stays_away_is_ours_to_retry(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    await stage.sim.fault("502", method="editMessageText", times=0)
    engine = stage.clip()
    short = Patience(span=timedelta(0))
    runner = stage.runner(engine, manners=Manners(write=short, deliver=short))
    output = (await runner.run(payload)).as_json()
    assert (output["outcome"], output["code"]) == ("failed", "internal")
    assert engine.orders == []


async def test_progress_edits_keep_their_distance(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    output = (
        await stage.runner(stage.clip(percents=tuple(range(100))), every=timedelta(hours=1)).run(payload)
    ).as_json()
    assert output["outcome"] == "delivered"
    assert len(await stage.sim.calls("editMessageText")) == 2  # the two looks


@pytest.mark.parametrize("phase", ["look", "download", "engine", "sending", "upload"])
async def test_a_cancel_in_any_phase_wipes_and_passes_on(stage: Stage, phase: str) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    engine = stage.clip(gate=asyncio.Event() if phase == "engine" else None)
    method = {"look": "editMessageText", "download": "file", "sending": "editMessageText", "upload": "editMessageMedia"}
    held = None
    if phase in method:
        held = await stage.sim.fault("hold", method=method[phase], nth=2 if phase == "sending" else 1)
    run = asyncio.create_task(stage.runner(engine, every=timedelta(hours=1)).run(payload))
    if held is None:
        await engine.reached.wait()
    else:
        await stage.sim.until_held(held)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.leftovers() == []
    assert engine.cancelled == (1 if phase == "engine" else 0)
    if held is not None:
        await stage.sim.release(held)


async def test_a_cancel_reaches_the_preview_engine_between_frames(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    run = asyncio.create_task(stage.runner(Preview()).run(payload))
    await stage.sim.until_called("editMessageText", calls=2)  # the first progress edit
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.leftovers() == []
    assert (await stage.message(payload)).kind == "text"


async def test_a_job_that_arrives_after_its_deadline_touches_nothing(stage: Stage) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
    payload = await stage.job(await stage.eva.send_photo(jpeg()), deadline=past)
    output = (await stage.runner(stage.clip()).run(payload)).as_json()
    assert (output["outcome"], output["code"]) == ("failed", "deadline_exceeded")
    assert await stage.methods() == []


async def test_the_deadline_ends_an_engine_and_an_upload(stage: Stage) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=2.5)).isoformat()
    payload = await stage.job(await stage.eva.send_photo(jpeg()), deadline=soon)
    engine = stage.clip(gate=asyncio.Event())
    output = (await stage.runner(engine).run(payload)).as_result()
    assert (output["outcome"], output["code"]) == ("failed", "deadline_exceeded")
    assert str(output["error"]).startswith("deadline_exceeded")
    assert engine.cancelled == 1
    assert stage.leftovers() == []

    await stage.sim.fault("slow_upload", method="editMessageMedia", bytes_per_s=2000)
    soon = (datetime.now(UTC) + timedelta(seconds=2.5)).isoformat()
    payload = await stage.job(await stage.eva.send_photo(jpeg()), deadline=soon)
    output = (await stage.runner(stage.clip()).run(payload)).as_json()
    assert (output["outcome"], output["code"]) == ("failed", "deadline_exceeded")
    assert stage.leftovers() == []


class Broken:
    """An engine that fails in the way it was told."""

    name = "broken"
    picture_px: int | None = None

    def __init__(self, error: Exception | None, made: bytes = b"") -> None:
        self._error, self._made = error, made

    async def make(self, order: Order, tell: Tell) -> Made:
        await tell("sample", 1)
        if self._error is not None:
            raise self._error
        (order.folder / "x.mp4").write_bytes(self._made)
        return Made(path=order.folder / "x.mp4")


@pytest.mark.parametrize(
    ("error", "code", "detail"),
    [
        (EngineFailed(Code.OUT_OF_MEMORY, "CUDA out of memory"), "out_of_memory", "CUDA out of memory"),
        (RuntimeError("at /home/secret/path"), "worker_failed", "RuntimeError"),
        (OSError(28, "No space left", "/dev/shm/secret"), "worker_failed", "OSError"),
        (TimeoutError("a timeout of its own"), "worker_failed", "TimeoutError"),
        (None, "engine_failed", "the engine's file is no video: probe: InvalidDataError"),
    ],
)
async def test_a_failing_engine_is_a_code_and_never_a_path(
    stage: Stage, error: Exception | None, code: str, detail: str
) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    output = (await stage.runner(Broken(error, b"nonsense" * 10)).run(payload)).as_result()
    assert (output["outcome"], output["code"], output["detail"]) == ("failed", code, detail)
    assert output["error"] == f"{code}: {detail}"
    assert "secret" not in json.dumps(output)
    assert stage.leftovers() == []
    assert (await stage.message(payload)).kind == "text"


@pytest.mark.parametrize("raw", [None, 5, {}, {"v": 9}])
async def test_a_bad_request_is_told_to_the_provider_alone(stage: Stage, raw: Any) -> None:
    output = (await stage.runner(stage.clip()).run(raw)).as_result()
    assert (output["outcome"], output["code"], output["job_id"]) == ("failed", "internal", None)
    assert str(output["error"]).startswith("internal: bad request")


async def test_the_version_before_is_done_without_buttons(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()), v=0, short=None)
    payload.pop("deadline")
    output = (await stage.runner(stage.clip()).run(payload)).as_json()
    assert output["outcome"] == "delivered"
    message = await stage.message(payload)
    assert message.kind == "video"
    assert message.buttons == ()


async def test_lost_answers_and_outages_on_the_way_cost_nothing_but_time(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    await stage.sim.fault("drop", method="editMessageText")
    await stage.sim.fault("502", method="getFile")
    await stage.sim.fault("reset", method="file")
    await stage.sim.fault("502", method="editMessageMedia")
    output = (await stage.runner(stage.clip(), every=timedelta(hours=1)).run(payload)).as_json()
    assert output["outcome"] == "delivered"
    assert (await stage.sim.summary(stage.eva.chat_id))["videos"] == 1
