"""`imgvid doctor` against everything that it looks at: a real database and every stand-in over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import pytest

from imgvid.catalog import modes
from imgvid.ops.doctor.catalogue import check as check_catalogue
from imgvid.ops.doctor.command import examine, main
from imgvid.ops.doctor.finding import Verdict
from imgvid.sandbox.comfyui import World as Server
from imgvid.sandbox.fal import Fal, Life
from imgvid.sandbox.fal import serve as serve_fal
from imgvid.sandbox.runpod import Cloud
from imgvid.sandbox.runpod import serve as serve_runpod
from imgvid.sandbox.telegram import serve as serve_telegram
from imgvid.store.backends import BackendStore
from imgvid.store.pool import Database
from tests.providers.comfy import memory_world

TOKEN = "4242:not-a-secret"
KEY = "rpa_test_key_0123456789"


@dataclass
class Outside:
    """Everything that an operator may have configured."""

    cloud: Cloud
    fal: Fal
    server: Server
    environ: dict[str, str] = field(default_factory=dict)

    async def troubles(self, **changes: str) -> list[str]:
        found = await examine({**self.environ, **changes})
        return [str(one) for one in found if one.verdict is Verdict.BAD]


@pytest.fixture
async def outside(dsn: str) -> AsyncIterator[Outside]:
    async with (
        serve_telegram(token=TOKEN) as telegram,
        serve_runpod(endpoints=["ep1", "ltx1"], api_key=KEY) as cloud,
        serve_fal(key=KEY) as fal,
        memory_world() as server,
    ):
        yield Outside(cloud=cloud, fal=fal, server=server, environ={
            "DATABASE_URL": dsn, "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram.url,
            "RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": cloud.url + "/v2", "RUNPOD_REST_URL": cloud.url + "/v2",
            "RUNPOD_ENDPOINT_ID": "ep1", "RUNPOD_LTX_ENDPOINT_ID": "ltx1",
            "FAL_API_KEY": KEY, "FAL_API_URL": fal.url, "COMFYUI_API_URL": server.url,
        })  # fmt: skip


async def run(outside: Outside, statement: str) -> None:
    connection = await asyncpg.connect(outside.environ["DATABASE_URL"])
    await connection.execute(statement)
    await connection.close()


async def test_nothing_is_wrong(outside: Outside) -> None:
    found = await examine(outside.environ)
    assert [str(one) for one in found if one.verdict is Verdict.BAD] == []
    said = "\n".join(map(str, found))
    for about in ("settings", "mode image", "database", "telegram", "runpod (endpoint ep1)", "fal", "comfyui"):
        assert f"ok    {about}:" in said
    assert KEY not in said
    assert not [call for call in outside.fal.calls if call.op != "models"]


@pytest.mark.parametrize(("setting", "value", "said"), [
    ("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none", "database: "),
    ("TELEGRAM_BOT_TOKEN", "999:wrong-token-of-nobody", "BotFather"),
    ("TELEGRAM_API_URL", "http://127.0.0.1:9", "TELEGRAM_API_URL"),
    ("RUNPOD_API_KEY", "rpa_wrong_key", "RUNPOD_API_KEY is refused"),
    ("RUNPOD_ENDPOINT_ID", "nowhere", "runpod (endpoint nowhere): "),
    ("RUNPOD_API_URL", "http://127.0.0.1:9", "runpod (endpoint ep1): "),
    ("FAL_API_KEY", "wrong", "does not accept FAL_API_KEY"),
    ("FAL_PREMIUM_MODEL", "nobody/nothing", "Fal has no model nobody/nothing"),
    ("COMFYUI_API_URL", "http://127.0.0.1:9", "is the server started?"),
    ("QUEUE_LIMIT", "many", "QUEUE_LIMIT"),
])  # fmt: skip
async def test_each_trouble_is_named(outside: Outside, setting: str, value: str, said: str) -> None:
    troubles = await outside.troubles(**{setting: value})
    assert any(said in text for text in troubles), troubles
    assert not any("rpa_wrong_key" in text or "wrong-token" in text for text in troubles)


async def test_a_server_that_lacks_a_node_and_a_model(outside: Outside) -> None:
    outside.server.without.add("LivePortraitProcess")
    outside.server.models["checkpoints"].clear()
    troubles = "\n".join(await outside.troubles())
    assert "the server has no class LivePortraitProcess" in troubles
    assert "sd_xl_base_1.0.safetensors" in troubles


async def test_a_server_on_a_disk(outside: Outside) -> None:
    outside.server.argv = tuple(word for word in outside.server.argv if "/dev/shm" not in word)
    assert any("people's pictures would lie on its disk" in text for text in await outside.troubles())
    assert await outside.troubles(COMFYUI_ALLOW_DISK="1") == []


async def test_a_model_that_was_switched_off(outside: Outside) -> None:
    outside.fal.lives["fal-ai/flux/schnell"] = Life.GONE
    assert any("fal-ai/flux/schnell" in text for text in await outside.troubles())


async def test_a_paused_backend(outside: Outside, database: Database) -> None:
    await BackendStore(database).ensure("fal", "image", 4)
    await run(outside, "UPDATE backends SET paused_until = now() + interval '1 hour', pause_reason = 'out_of_funds'")
    assert any("out_of_funds" in text for text in await outside.troubles())


async def test_a_schema_that_is_behind(outside: Outside) -> None:
    await run(outside, "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)")
    assert any("imgvid migrate" in text for text in await outside.troubles())


async def test_what_is_not_configured_is_no_trouble(outside: Outside) -> None:
    for name in ("RUNPOD_LTX_ENDPOINT_ID", "FAL_API_KEY", "COMFYUI_API_URL"):
        del outside.environ[name]
    found = await examine(outside.environ)
    assert not [one for one in found if one.verdict is Verdict.BAD]
    notes = {one.about for one in found if one.verdict is Verdict.NOTE}
    assert {"mode image", "mode sdxl-t2i", "mode ltx2-i2v"} <= notes


def test_a_mode_without_its_texts_or_models() -> None:
    whole: Mapping[str, Any] = {"image": modes()["image"]}
    assert all(one.verdict is Verdict.FINE for one in check_catalogue(whole))
    lacks = replace(whole["image"], id="painting", models=())
    said = [str(one) for one in check_catalogue({"painting": lacks})]
    assert any("there is no text mode-painting" in text for text in said)
    assert any("nobody makes" in text for text in said)


def test_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DATABASE_URL", "TELEGRAM_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 1
    out = capsys.readouterr().out
    assert "BAD   settings: DATABASE_URL is not set" in out
    assert "Traceback" not in out
    assert main(["--modes-page", "/nowhere/modes.md"]) == 2
    asyncio.set_event_loop(None)
