"""The page's server on real sockets: who may ask, levers and their stand-ins, people's languages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from imgvid.sandbox.demo.gpu import Container
from imgvid.sandbox.demo.house import House
from imgvid.sandbox.demo.levers import LEVERS, Kind
from imgvid.sandbox.demo.logbook import Logbook
from imgvid.sandbox.demo.outside import BOT_TOKEN, ENDPOINT, RUNPOD_KEY, WORKERS_MAX, Outside, open_outside
from imgvid.sandbox.demo.web import PAGE, Page


@dataclass
class Site:
    outside: Outside
    standing: list[House]
    logbook: Logbook
    http: httpx.AsyncClient
    main: Path | None = None

    def stand(self) -> House:
        """The house stands, without processes."""
        house = House(
            outside=self.outside,
            logbook=self.logbook,
            dsn="postgresql://localhost:1/none",
            jobs=Path("/none"),
            children={},
            gpu=Container(process="worker", env={}, main=self.main),
        )
        self.standing.append(house)
        return house

    async def armed(self) -> dict[str, str]:
        levers = (await self.http.get("/demo/house")).json()["levers"]
        return {lever["id"]: lever["armed"] for lever in levers if lever["armed"]}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    standing: list[House] = []
    logbook = Logbook()
    routes = lambda outside: Page(outside=outside, standing=standing, logbook=logbook).add_routes()  # noqa: E731
    async with (
        open_outside(port=0, comfyui_files=tmp_path, add_routes=routes) as outside,
        httpx.AsyncClient(base_url=outside.url, trust_env=False) as http,
    ):
        yield Site(outside, standing, logbook, http)


async def test_the_page_and_each_of_its_files(site: Site) -> None:
    index = await site.http.get("/")
    assert index.headers["content-security-policy"].startswith("default-src 'self'")
    for path in PAGE.iterdir():
        answer = await site.http.get(f"/page/{path.name}")
        assert (answer.status_code, answer.content) == (200, path.read_bytes())
        assert "//cdn" not in answer.text
    assert (await site.http.get("/page/%2e%2e%2fdemo%2fweb.py")).status_code == 404


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}])
async def test_other_sites_are_refused(site: Site, headers: dict[str, str]) -> None:
    answer = await site.http.post("/demo/calm", json={}, headers=headers)
    assert answer.status_code == 403
    assert (await site.http.post("/demo/calm", json={}, headers={"Origin": site.outside.url})).status_code == 200


async def test_until_the_house_stands(site: Site) -> None:
    for path in ("/demo/house", "/demo/jobs?chat=1"):
        assert (await site.http.get(path)).status_code == 503
    assert (await site.http.post("/demo/levers/starve", json={"on": True})).status_code == 503


async def test_jobs_while_postgres_is_down(site: Site) -> None:
    site.stand()
    answer = await site.http.get("/demo/jobs?chat=7")
    assert (answer.status_code, answer.json()) == (503, {"error": "PostgreSQL is down"})


async def test_every_fault_can_be_armed_and_switched_off(site: Site) -> None:
    site.stand()
    kinds = set(Kind) - {Kind.PROCESS, Kind.RERUN}
    waiting = [lever.id for lever in LEVERS if lever.kind in kinds]
    for lever in waiting:
        answer = await site.http.post(f"/demo/levers/{lever}", json={"on": True})
        assert answer.status_code == 200, answer.text
    assert sorted(await site.armed()) == sorted(waiting)
    for lever in waiting[:3]:
        await site.http.post(f"/demo/levers/{lever}", json={"on": False})
    assert sorted(await site.armed()) == sorted(waiting[3:])
    await site.http.post("/demo/calm", json={})
    assert await site.armed() == {}
    assert site.outside.cloud.endpoint(ENDPOINT).rules.workers_max == WORKERS_MAX


async def test_comfyui_can_be_killed_where_there_is_one(site: Site, tmp_path: Path) -> None:
    async def levers() -> set[str]:
        return {lever["id"] for lever in (await site.http.get("/demo/house")).json()["levers"]}

    site.stand()
    assert "kill-comfyui" not in await levers()
    site.standing.clear()
    site.main = tmp_path / "main.py"
    site.stand()
    assert "kill-comfyui" in await levers()
    answer = await site.http.post("/demo/levers/kill-comfyui", json={"on": True})
    assert (answer.status_code, "No ComfyUI runs" in answer.text) == (409, True)


async def test_idle_days_and_no_gpu_are_told_apart(site: Site) -> None:
    """What the management API sets back holds for the queue; a GPU that is not to be had is nobody's setting."""
    site.stand()
    rest, queue = site.outside.rest, site.outside.cloud.endpoint(ENDPOINT)
    await site.http.post("/demo/levers/idle", json={"on": True})
    assert (queue.rules.workers_max, await site.armed()) == (0, {"idle": "on"})
    rest.set_workers(ENDPOINT, WORKERS_MAX)
    assert (queue.rules.workers_max, await site.armed()) == (WORKERS_MAX, {})
    await site.http.post("/demo/levers/starve", json={"on": True})
    rest.set_workers(ENDPOINT, WORKERS_MAX)
    assert (queue.rules.workers_max, await site.armed()) == (0, {"starve": "on"})
    await site.http.post("/demo/levers/starve", json={"on": False})
    assert queue.rules.workers_max == WORKERS_MAX


async def test_a_lever_of_telegram_strikes_the_bot_and_is_used_up(site: Site) -> None:
    site.stand()
    await site.http.post("/demo/levers/bad-gateway", json={"on": True})
    assert await site.armed() == {"bad-gateway": "waits, 3 left"}
    called = [await site.http.post(f"/bot{BOT_TOKEN}/setMyName") for _ in range(4)]
    assert [answer.status_code for answer in called] == [502, 502, 502, 200]
    assert await site.armed() == {}


async def test_a_lever_of_runpod_loses_the_answer_and_keeps_the_job(site: Site) -> None:
    site.stand()
    await site.http.post("/demo/levers/drop-run", json={"on": True})
    cloud = site.outside.cloud
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await site.http.post(
            f"{cloud.url}/v2/{ENDPOINT}/run",
            json={"input": {"a": 1}},
            headers={"Authorization": f"Bearer {RUNPOD_KEY}"},
        )
    assert len(cloud.endpoint(ENDPOINT).jobs) == 1
    assert await site.armed() == {}


async def test_a_lever_says_when_there_is_nothing_to_do_it_to(site: Site) -> None:
    site.stand()
    for lever in ("kill-worker", "rerun"):
        answer = await site.http.post(f"/demo/levers/{lever}", json={"on": True})
        assert answer.status_code == 409
        assert "send a photo first" in answer.json()["error"].lower()
    assert (await site.http.post("/demo/levers/none", json={"on": True})).status_code == 404


async def test_people_have_languages_and_may_change_them(site: Site) -> None:
    chats = (await site.http.get("/sim/chats")).json()["chats"]
    assert {chat["language_code"] for chat in chats} == {"en", "sk", "ru"}
    emma = min(chats, key=lambda chat: chat["chat_id"])["chat_id"]
    assert (await site.http.post(f"/demo/people/{emma}", json={"language_code": "ru"})).json()["language_code"] == "ru"
    await site.http.post(f"/sim/chats/{emma}/messages", json={"text": "hi"})
    update = (await site.http.post(f"/bot{BOT_TOKEN}/getUpdates")).json()["result"][0]
    assert update["message"]["from"]["language_code"] == "ru"
    for path, body in ((f"/demo/people/{emma}", {"language_code": "xx"}), ("/demo/people/1", {"language_code": "en"})):
        assert (await site.http.post(path, json=body)).status_code == 400


async def test_log_and_pictures(site: Site) -> None:
    site.logbook.write("bot", "hello")
    lines = (await site.http.get("/demo/log?after=0")).json()["lines"]
    assert [(line["source"], line["text"]) for line in lines] == [("bot", "hello")]
    assert (await site.http.get(f"/demo/log?after={lines[0]['seq']}")).json()["lines"] == []
    assert (await site.http.get("/demo/picture/1")).headers["content-type"] == "image/jpeg"
    assert (await site.http.get("/demo/picture/4")).status_code == 404


async def test_a_taken_port_makes_it_try_the_next(tmp_path: Path) -> None:
    async with open_outside(port=0, comfyui_files=tmp_path) as first:
        taken = int(first.url.rpartition(":")[2])
        async with open_outside(port=taken, comfyui_files=tmp_path) as second:
            assert second.url != first.url
        with pytest.raises(OSError, match="choose one with --port"):
            async with open_outside(port=taken, comfyui_files=tmp_path, others=1):
                pass
