"""What may be made of a result: Change settings, Make it move, As a file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from imgvid.bot.results import picture_of
from imgvid.catalog import modes
from imgvid.sandbox.telegram import Person
from imgvid.telegram.keyboard import after_end, after_result
from imgvid.texts import say
from tests.bot.cards import ALL, card, choose, has, press
from tests.bot.conftest import TOKEN, Stage
from tests.bot.pictures import jpeg
from tests.bot.test_cards import CARD

FILE = {"file_id": "result", "file_unique_id": "ur", "kind": "photo", "width": 1024, "height": 1024}


async def made(stage: Stage, person: Person, command: str, *, state: str = "COMPLETED", file: Any = FILE) -> Any:
    """A job that looks over, with the buttons of its end."""
    await person.send_text(command)
    shown = await card(person)
    await press(person, shown, ":g")
    job = (await stage.attached())[-1]
    await stage.rows(
        "UPDATE jobs SET state = $2, verdict = CASE WHEN $2 = 'COMPLETED' THEN NULL ELSE $2 END, token = false, "
        "ready_at = NULL, finished_at = now(), result = $3 WHERE id = $1",
        job["id"],
        state,
        {"file": file},
    )
    done = state == "COMPLETED"
    short, mode, params = job["short"], job["mode"], job["params"]
    keyboard = after_result("en", short, modes().get(mode), params) if done else after_end("en", short)
    await stage.sim.post(
        f"/bot{TOKEN}/editMessageText",
        chat_id=job["chat_id"],
        message_id=job["message_id"],
        text="done",
        reply_markup=json.dumps(keyboard.as_json()),
    )
    return job


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED"])
async def test_change_settings_opens_a_card_with_everything(stage: Stage, state: str) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        job = await made(stage, eva, "/image a cat 16:9 seed 7", state=state)
        await eva.answer(await eva.press(job["message_id"], f"e:{job['short']}"))
        shown = await card(eva, "“a cat”", "Format: 16:9", "Seed: 7")
        assert (shown.reply_to, shown.message_id != job["message_id"]) == (job["message_id"], True)
        shown = await choose(eva, shown, ":v:quality:premium")
        await press(eva, shown, ":g")
        old, new = await stage.attached(2)
    assert (new["seed"], new["prompt"], new["params"]["quality"]) == (7, "a cat", "premium")
    assert {**old["params"], "quality": "premium"} == {key: new["params"][key] for key in old["params"]}
    assert new["message_id"] == shown.message_id


async def test_a_seed_of_the_card_may_be_let_go(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        job = await made(stage, eva, "/image a cat")
        await eva.press(job["message_id"], f"e:{job['short']}")
        shown = await card(eva, f"Seed: {job['seed']}")
        shown = await choose(eva, shown, ":x:seed")
        assert "Seed" not in shown.text
        await press(eva, shown, ":g")
        old, new = await stage.attached(2)
    assert old["seed"] != new["seed"]


async def test_make_it_move_begins_with_the_result(stage: Stage) -> None:
    await stage.offer("fal/image", "fal/video")
    eva = await stage.person()
    async with stage.bot():
        job = await made(stage, eva, "/image a cat 1:1")
        await eva.press(job["message_id"], f"m:{job['short']}")
        shown = await card(eva, say("en", "mode-photo-video"), "Format: 1:1")
        assert shown.reply_to == job["message_id"]
        assert "cut" not in shown.text
        await press(eva, shown, ":g")
        _old, new = await stage.attached(2)
    assert new["mode"] == "photo-video"
    assert new["prompt"] is None
    assert new["inputs"] == [
        {"role": "image", "message_id": job["message_id"], "has_spoiler": False, **FILE},
    ]


@pytest.mark.parametrize(
    ("offered", "file", "key"),
    [
        (("fal/image",), FILE, "alert-mode-gone"),
        (("fal/image", "fal/video"), None, "alert-result-gone"),
        (("fal/image", "fal/video"), {**FILE, "file_id": None}, "alert-result-gone"),
    ],
)
async def test_what_cannot_move_says_so(stage: Stage, offered: tuple[str, ...], file: Any, key: str) -> None:
    await stage.offer(*offered)
    eva = await stage.person()
    async with stage.bot():
        job = await made(stage, eva, "/image a cat", file=file)
        answer = await eva.answer(await eva.press(job["message_id"], f"m:{job['short']}"))
    assert (answer["text"], answer["alert"]) == (say("en", key), True)


async def test_as_a_file_is_the_same_once_more_and_at_once(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person(language="sk")
    async with stage.bot():
        job = await made(stage, eva, "/image a cat 16:9")
        answer = await eva.answer(await eva.press(job["message_id"], f"d:{job['short']}"))
        assert answer["text"] == say("sk", "alert-queued")
        old, new = await stage.attached(2)
        placeholder = await eva.message(new["message_id"])
    assert (new["seed"], new["prompt"], new["inputs"]) == (old["seed"], old["prompt"], old["inputs"])
    assert new["params"] == {**old["params"], "as_file": True}
    assert placeholder.text == say("sk", "waiting-placed", id=new["short"], makes="image")


async def test_a_strangers_press_under_a_result_is_answered_to_the_stranger_alone(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva, adam = await stage.person(), await stage.person("Adam", "ru")
    group = await stage.sim.group("Friends", [eva, adam])
    async with stage.bot():
        job = await made(stage, eva.within(group), "/image a cat")
        before = len(await stage.drafts())
        for letter in "emd":
            there = adam.within(group)
            answer = await there.answer(await there.press(job["message_id"], f"{letter}:{job['short']}"))
            assert (answer["text"], answer["alert"]) == (say("ru", "alert-not-yours"), True)
    assert (len(await stage.drafts()), len(await stage.jobs())) == (before, 1)


async def test_a_press_that_is_delivered_twice_opens_one_card(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        job = await made(stage, eva, "/image a cat")
        await stage.confirmed()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id)
    await eva.press(job["message_id"], f"e:{job['short']}")
    for _ in range(2):
        async with stage.bot():
            await stage.confirmed()
    assert len([one for one in await stage.drafts() if not one["closed"]]) == 1


async def test_a_mode_that_is_not_offered_any_more_is_not_made_again(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        job = await made(stage, eva, "/image a cat")
    await stage.rows("UPDATE backends SET cap = 0 WHERE backend = 'fal'")
    async with stage.bot():
        for letter in "aesd":
            answer = await eva.answer(await eva.press(job["message_id"], f"{letter}:{job['short']}"))
            assert (answer["text"], answer["alert"]) == (say("en", "alert-mode-gone"), True)
    assert len(await stage.jobs()) == 1


async def test_a_photo_job_of_the_plain_bot_has_a_card_too(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(), "she waves")
        (job,) = await stage.attached()
        await stage.rows("UPDATE jobs SET state = 'COMPLETED', token = false, ready_at = NULL, finished_at = now()")
        await stage.sim.post(
            f"/bot{TOKEN}/editMessageText",
            chat_id=eva.chat_id,
            message_id=job["message_id"],
            text="done",
            reply_markup=json.dumps(after_result("en", job["short"], None, {}).as_json()),
        )
        await eva.press(job["message_id"], f"e:{job['short']}")
        shown = await card(eva, "“she waves”", f"Seed: {job['seed']}")
        assert not has(shown, ":o")
        await choose(eva, shown, ":a:prompt")
        await eva.send_text("she smiles")
        await stage.confirmed()
        await press(eva, await eva.message(shown.message_id), ":g")
        old, new = await stage.attached(2)
    assert (new["prompt"], new["seed"], new["inputs"]) == ("she smiles", old["seed"], old["inputs"])


def test_only_pictures_that_telegram_named_can_move() -> None:
    found = picture_of(replace(CARD, result={"file": FILE}), 9)
    assert found is not None
    assert (found.file_id, found.message_id, found.width) == ("result", 9, 1024)
    for result in (None, {}, {"file": None}, {"file": {**FILE, "kind": "video"}}):
        assert picture_of(replace(CARD, result=result), 9) is None
