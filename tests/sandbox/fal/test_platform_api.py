"""The price list, models that are shut down, the control API, and the stand-in below another application."""

from __future__ import annotations

import asyncio
import sys

import httpx
import pytest
from aiohttp import web

from imgvid.sandbox.fal import Fal, Rules, mount
from tests.sandbox.fal.caller import BANANA, KEY, KLING, SCHNELL, Caller, photo


async def test_which_models_are_there(fal: Fal, caller: Caller) -> None:
    found = await caller.http.get(f"/v1/models?endpoint_id={SCHNELL}&endpoint_id=fal-ai/nothing,{KLING}")
    assert [model["endpoint_id"] for model in found.json()["models"]] == [SCHNELL, KLING]
    assert found.json()["models"][0]["metadata"]["status"] == "active"
    assert (found.json()["has_more"], found.json()["next_cursor"]) == (False, None)
    everything = (await caller.http.get("/v1/models")).json()["models"]
    assert len(everything) == len(fal.models)
    async with httpx.AsyncClient(base_url=fal.url, trust_env=False) as anybody:
        assert (await anybody.get("/v1/models")).status_code == 200, "a key is optional"
        assert (await anybody.get("/v1/models", headers={"Authorization": "Key x"})).status_code == 401


async def test_what_models_cost(fal: Fal, caller: Caller) -> None:
    found = (await caller.http.get(f"/v1/models/pricing?endpoint_id={SCHNELL},{KLING}")).json()["prices"]
    assert found == [
        {"endpoint_id": SCHNELL, "unit_price": 0.003, "unit": "megapixels", "currency": "USD"},
        {"endpoint_id": KLING, "unit_price": 0.084, "unit": "seconds", "currency": "USD"},
    ]
    assert (await caller.http.get("/v1/models/pricing?endpoint_id=fal-ai/nothing")).status_code == 404
    async with httpx.AsyncClient(base_url=fal.url, trust_env=False) as anybody:
        refused = await anybody.get(f"/v1/models/pricing?endpoint_id={SCHNELL}")
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authorization_error")


async def test_units_times_the_price_is_the_cost(caller: Caller) -> None:
    for endpoint, body in ((SCHNELL, {"prompt": "a"}), (KLING, {"prompt": "a", "duration": "3"})):
        ended = await caller.run(endpoint, body)
        price = (await caller.http.get(f"/v1/models/pricing?endpoint_id={endpoint}")).json()["prices"][0]["unit_price"]
        units = float(ended.result.headers["X-Fal-Billable-Units"])
        assert (await caller.view(ended.id))["cost_usd"] == pytest.approx(units * price)


async def test_a_model_that_is_shut_down(caller: Caller) -> None:
    await caller.http.patch(f"/sim/models/{BANANA}", json={"state": "gone"})
    lost = await caller.run(BANANA, {"prompt": "a lake"})
    assert lost.result.status_code == 404, "its app lives on with the other endpoint"
    await caller.http.patch(f"/sim/models/{BANANA}/edit", json={"state": "gone"})
    nobody = await caller.http.post(f"/{BANANA}", json={"prompt": "a lake"})
    assert (nobody.status_code, nobody.json()) == (404, {"detail": 'Application "nano-banana" not found'})
    assert (await caller.http.get(f"/v1/models?endpoint_id={BANANA}")).json()["models"] == []
    assert (await caller.http.get(f"/v1/models/pricing?endpoint_id={BANANA}")).status_code == 404
    await caller.http.patch(f"/sim/models/{BANANA}", json={"state": "deprecated"})
    shown = (await caller.http.get(f"/v1/models?endpoint_id={BANANA}")).json()["models"][0]
    assert shown["metadata"]["status"] == "deprecated"
    assert (await caller.run(BANANA, {"prompt": "a lake"})).result.status_code == 200


async def test_rules_and_reset(fal: Fal, caller: Caller) -> None:
    await caller.rules(concurrency=0, video_s=3)
    taken = await caller.submit(SCHNELL, {"prompt": "a"})
    assert (await caller.status(taken))["status"] == "IN_QUEUE"
    for wrong in ({"concurrency": -1}, {"concurrency": "2"}, {"words": "latin"}, {"locked": 1}, {"speed": 1}):
        assert (await caller.http.patch("/sim/rules", json=wrong)).status_code == 400, wrong
    assert (await caller.http.patch("/sim/models/nobody", json={"state": "gone"})).status_code == 400
    assert (await caller.http.patch(f"/sim/models/{SCHNELL}", json={"state": "tired"})).status_code == 400
    assert (await caller.http.post("/sim/clock", json={"advance_s": -1})).status_code == 400
    await caller.fault(op="submit", kind="busy")
    await caller.http.post("/sim/reset")
    assert (await caller.http.get("/sim/requests")).json() == {"requests": []}
    assert (await caller.http.get("/sim/rules")).json() == Rules().view()
    assert (await caller.run(SCHNELL, {"prompt": "a"})).result.status_code == 200
    assert (await caller.http.get("/sim/requests/nobody")).status_code == 404


async def test_below_another_application() -> None:
    app = web.Application()
    fal = mount(app, prefix="/fal", key=KEY, rules=Rules(picture_s=0))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}/fal"
        async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Key {KEY}"}, trust_env=False) as http:
            caller = Caller(http)
            url = await caller.upload(photo())
            ended = await caller.run(f"{BANANA}/edit", {"prompt": "make it night", "image_urls": [url]})
            made = ended.json["images"][0]["url"]
            assert url.startswith(f"{base}/files/b/")
            assert made.startswith(f"{base}/files/b/")
            assert (await caller.download(made)).status_code == 200
            assert len((await http.get("/sim/requests")).json()["requests"]) == len(fal.orders) == 1
    finally:
        await runner.cleanup()


async def test_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgvid.sandbox.fal", "--key", KEY, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Key {KEY}"}, trust_env=False) as http:
            assert (await Caller(http).run(SCHNELL, {"prompt": "a", "image_size": "square"})).result.status_code == 200
    finally:
        process.terminate()
        await process.wait()
    assert process.returncode == 0
