"""plan, apply and status against the platform's stand-in, as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from imgvid.sandbox.runpod_rest import RunPodRest

KEY = "rpa_" + "k" * 30
IMAGE = "registry.test/imgvid-worker:1.2.3"
TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAA"


class Account:
    """The stand-in and the command beside it."""

    def __init__(self, rest: RunPodRest, url: str) -> None:
        self.rest = rest
        self.url = url

    async def run(self, *arguments: str, **environ: str) -> tuple[int, str]:
        given = {
            "PATH": os.environ["PATH"],
            "RUNPOD_REST_URL": self.url,
            "RUNPOD_API_KEY": KEY,
            "TELEGRAM_BOT_TOKEN": TOKEN,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imgvid.ops.endpoint", *arguments, env=given | environ,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    rest = RunPodRest(key=KEY)
    runner = web.AppRunner(rest.app(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Account(rest, f"http://127.0.0.1:{runner.addresses[0][1]}/v2")
    await runner.cleanup()


async def test_plan_changes_nothing_and_prints_the_console_step(account: Account) -> None:
    code, said = await account.run("plan", "--image", IMAGE)
    assert code == 0, said
    assert account.rest.endpoints == {}
    assert all(call.startswith("GET ") for call in account.rest.calls)
    for part in ("+ timeout = 1800000", "would kill a ten-minute job", "Model: org/repo", "bundle.ready"):
        assert part in said
    assert TOKEN not in said


async def test_apply_makes_it_and_again_does_nothing(account: Account) -> None:
    code, said = await account.run("apply", "--image", IMAGE)
    assert code == 0, said
    (made,) = account.rest.endpoints.values()
    assert made["env"] == {
        "LOG_LEVEL": "INFO", "TELEGRAM_BOT_TOKEN": TOKEN, "WORKER_ENGINE": "comfy", "WORKER_IMAGE": IMAGE,
    }  # fmt: skip
    code, said = await account.run("apply", "--image", IMAGE)
    assert (code, "nothing to do" in said) == (0, True)
    assert len(account.rest.endpoints) == 1


async def test_workers_that_the_platform_took_away_are_seen_and_given_back(account: Account) -> None:
    await account.run("apply", "--image", IMAGE)
    (endpoint,) = account.rest.endpoints.values()
    endpoint["workers"] = {"min": 0, "max": 0, "idleTimeout": 10}
    code, said = await account.run("status")
    assert code == 1
    assert "workers.max is 0" in said
    code, said = await account.run("apply", "--image", IMAGE)
    assert code == 0, said
    assert endpoint["workers"] == {"min": 0, "max": 1, "idleTimeout": 10}
    assert (await account.run("status"))[0] == 0


async def test_apply_keeps_the_operators_own_env(account: Account) -> None:
    await account.run("apply", "--image", IMAGE)
    (endpoint,) = account.rest.endpoints.values()
    endpoint["env"] = {**endpoint["env"], "MINE": "1", "HF_TOKEN": "hf_abcdefghijkl"}  # type: ignore[dict-item]
    code, said = await account.run("apply", "--image", IMAGE, TELEGRAM_BOT_TOKEN="")
    assert code == 0, said
    assert endpoint["env"] == {
        "LOG_LEVEL": "INFO", "TELEGRAM_BOT_TOKEN": TOKEN, "WORKER_ENGINE": "comfy", "WORKER_IMAGE": IMAGE, "MINE": "1",
    }  # fmt: skip


async def test_a_new_image_is_one_change(account: Account) -> None:
    await account.run("apply", "--image", IMAGE)
    code, said = await account.run("plan", "--image", IMAGE.replace("1.2.3", "1.2.4"))
    assert code == 0, said
    assert f"~ image: {IMAGE} -> registry.test/imgvid-worker:1.2.4" in said
    assert "timeout:" not in said


async def test_status_lists_workers(account: Account) -> None:
    await account.run("apply", "--image", IMAGE)
    (endpoint_id,) = account.rest.endpoints
    account.rest.workers[endpoint_id] = [
        {
            "id": "w1", "status": "RUNNING", "isStale": True, "version": 1, "gpuCount": 1, "gpuTypeId": "NVIDIA GeForce RTX 4090",
            "dataCenterId": "EU-RO-1", "uptimeSeconds": 61, "image": IMAGE,
        }
    ]  # fmt: skip
    code, said = await account.run("status", "--endpoint", endpoint_id)
    assert code == 0, said
    assert "1 running" in said
    assert "w1: RUNNING on NVIDIA GeForce RTX 4090 in EU-RO-1, 61 s, old release" in said


async def test_two_of_one_name_must_be_told_apart(account: Account) -> None:
    await account.run("apply", "--image", IMAGE)
    (endpoint,) = account.rest.endpoints.values()
    account.rest.add(endpoint)
    code, said = await account.run("status")
    assert code == 1
    assert "RUNPOD_ENDPOINT_ID" in said
    assert (await account.run("status", RUNPOD_ENDPOINT_ID="ep2"))[0] == 0


async def test_what_the_platform_refuses_is_a_sentence(account: Account) -> None:
    code, said = await account.run("status", RUNPOD_API_KEY="rpa_wrongwrongwrong")
    assert code == 1
    assert "RUNPOD_API_KEY is wrong" in said
    assert "rpa_wrongwrongwrong" not in said
    code, said = await account.run("status", "--endpoint", "nope")
    assert (code, "no such endpoint" in said) == (1, True)
    code, said = await account.run("status", RUNPOD_REST_URL="http://127.0.0.1:9/v2")
    assert (code, "cannot be reached" in said) == (1, True)


async def test_the_stand_in_refuses_unknown_properties_as_the_platform_does(account: Account) -> None:
    import httpx

    async with httpx.AsyncClient(base_url=account.url, headers={"Authorization": f"Bearer {KEY}"}) as http:
        answer = await http.post(
            "/serverless", json={"name": "x", "type": "QUEUE", "model": "org/repo", "gpu": {"typ": 1}}
        )
        assert answer.status_code == 422
        assert answer.json()["errors"] == ["model: unknown property", "gpu.typ: unknown property"]
        answer = await http.post("/serverless", json={"name": "x"})
        assert answer.status_code == 422
