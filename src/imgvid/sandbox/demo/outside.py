"""The outside world of the demo: the stand-ins for Telegram, RunPod, Fal and a ComfyUI server.

They live in the demo's own process, which speaks to the bot, the dispatcher and the workers over HTTP only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from imgvid.sandbox import comfyui, fal, runpod, runpod_rest, telegram
from imgvid.sandbox.demo.board import Board
from imgvid.sandbox.fal.world import Fal
from imgvid.sandbox.runpod.cloud import Cloud, Host
from imgvid.sandbox.runpod.endpoint import Endpoint
from imgvid.sandbox.runpod.rules import Rules
from imgvid.sandbox.runpod_rest import RunPodRest
from imgvid.sandbox.telegram.control.common import WORLD
from imgvid.sandbox.telegram.model import User
from imgvid.sandbox.telegram.views import chat_view
from imgvid.sandbox.telegram.world import World

BOT_TOKEN = "7000000001:sandbox-demo-token"  # noqa: S105  opens nothing but the stand-in
RUNPOD_KEY = "sandbox-demo-key"
ENDPOINT, LTX_ENDPOINT = "demo", "demo-ltx"
ENDPOINTS = (ENDPOINT, LTX_ENDPOINT)
FAL_KEY = "sandbox-demo-fal-key"
FAL_PATH = "/fal"
WORKERS_MAX = 2
WORKER_LOST_AFTER = timedelta(seconds=6)  # the platform's 30 s would be a long silence in a demo
PEOPLE = (("Emma", "en"), ("Marek", "sk"), ("Olga", "ru"))


@dataclass(slots=True, kw_only=True)
class Outside:
    """The stand-ins. `url` is the one address: page, Bot API and control API of Telegram; `rest_url` RunPod's management API."""

    app: web.Application
    cloud: Cloud
    rest: RunPodRest
    rest_url: str
    fal: Fal
    comfyui: comfyui.World
    url: str = ""
    no_gpu: bool = False
    board: Board = field(init=False)

    def __post_init__(self) -> None:
        self.board = Board(outside=self)

    @property
    def fal_url(self) -> str:
        """Fal's queue, storage and media."""
        return self.url + FAL_PATH

    @property
    def world(self) -> World:
        return self.app[WORLD]

    # -- people

    def speak(self, chat_id: int, language: str) -> dict[str, Any]:
        """The person sets another language in their Telegram app. Raises KeyError for an unknown person."""
        user = replace(self.world.people[chat_id], language_code=language)
        chat = self.world.chats[chat_id]
        self.world.people[chat_id] = chat.members[chat_id] = user
        self.world.chat_changed(chat)
        return dict(chat_view(chat, self.world))

    # -- what the fault panel turns (board.py)

    def endpoints(self) -> list[Endpoint]:
        return [self.cloud.endpoint(name) for name in ENDPOINTS]

    def take_gpus(self, away: bool) -> None:
        """No GPU is to be had anywhere, or they are back."""
        self.no_gpu = away
        self.follow()

    def set_idle(self, idle: bool) -> None:
        """The platform's own zero after seven days without a job, or the operator's limit."""
        self.rest.set_workers(ENDPOINT, 0 if idle else WORKERS_MAX)

    def follow(self) -> None:
        """Each queue goes by its endpoint's limit, unless there is no GPU to be had."""
        for name in ENDPOINTS:
            endpoint = self.cloud.endpoint(name)
            endpoint.rules = endpoint.rules.changed({"workers_max": 0 if self.no_gpu else self.limit(name)})
            endpoint.sweep()
        self.cloud.bell.ring()

    def limit(self, endpoint: str = ENDPOINT) -> int:
        """workers.max as the management API shows it."""
        workers = self.rest.endpoints[endpoint].get("workers")
        most = workers.get("max") if isinstance(workers, dict) else None
        return most if isinstance(most, int) else 0

    # -- workers

    def busiest_worker(self) -> Callable[[], None] | None:
        """kill -9 of the worker that runs a job, else of any; None when no worker exists."""
        host = self._busiest()
        return host.kill if host else None

    def busiest_host(self) -> int | None:
        """The same worker's process, under which everything of it runs."""
        host = self._busiest()
        return host.pid if host else None

    def _busiest(self) -> Host | None:
        hosts = sorted(self.cloud.hosts.items(), key=lambda item: self._is_busy(item[0]))
        return hosts[-1][1] if hosts else None

    def _is_busy(self, worker: str) -> bool:
        return any(self.cloud.endpoint(name).running_on(worker) for name in ENDPOINTS)

    def workers(self) -> tuple[int, int, int]:
        """How many are starting, idle and busy."""
        endpoints = [self.cloud.endpoint(name) for name in ENDPOINTS]
        alive = [name for name in self.cloud.hosts if any(name in one.workers for one in endpoints)]
        busy = sum(self._is_busy(name) for name in alive)
        return sum(one.initializing for one in endpoints), len(alive) - busy, busy


@asynccontextmanager
async def open_outside(
    *, port: int, comfyui_files: Path, others: int = 20, add_routes: Callable[[Outside], None] | None = None
) -> AsyncIterator[Outside]:
    """Serve all on 127.0.0.1; a taken port makes it try the next ones. Raises OSError when all are taken.

    `comfyui_files` is the folder of the ComfyUI server: it must be memory to be let near anybody's pictures.
    """
    rest = RunPodRest(key=RUNPOD_KEY)
    for name in ENDPOINTS:
        rest.add({"name": name, "type": "QUEUE", "workers": {"min": 0, "max": WORKERS_MAX}}, named=name)
    rules = Rules(workers_max=WORKERS_MAX, lease_s=WORKER_LOST_AFTER.total_seconds(), rate_limits=False)
    async with (
        runpod.serve(endpoints=list(ENDPOINTS), api_key=RUNPOD_KEY, rules=rules) as cloud,
        runpod_rest.serve(rest) as rest_url,
        comfyui.serve(comfyui_files) as server,
    ):
        app = telegram.create_app(token=BOT_TOKEN)
        hosted = fal.mount(app, prefix=FAL_PATH, key=FAL_KEY)
        outside = Outside(app=app, cloud=cloud, rest=rest, rest_url=rest_url, fal=hosted, comfyui=server)
        rest.on_change = lambda _endpoint, _body: outside.follow()
        if add_routes is not None:
            add_routes(outside)
        for first_name, language in PEOPLE:
            outside.world.add_person(
                User(id=outside.world.new_person_id(), first_name=first_name, language_code=language)
            )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            outside.url = await _listen(runner, port, others)
            yield outside
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int, others: int) -> str:
    for candidate in range(port, port + others) if port else [0]:
        try:
            await web.TCPSite(runner, "127.0.0.1", candidate).start()
        except OSError:
            continue
        return f"http://127.0.0.1:{runner.addresses[0][1]}"
    raise OSError(f"ports {port} to {port + others - 1} of 127.0.0.1 are all taken; choose one with --port")
