"""The house for all fault tests, and a fresh person for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from imgvid.sandbox.telegram import Sim
from tests.faults.case import Case, until
from tests.faults.town import Town


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    town = Town()
    town.start()
    yield town
    town.stop()


@asynccontextmanager
async def people(town: Town) -> AsyncIterator[Case]:
    """Somebody new; afterwards every fault is off and every process up."""
    async with (
        Sim(town.house.outside.url) as sim,
        httpx.AsyncClient(base_url=town.house.outside.cloud.url, trust_env=False) as runpod,
    ):
        yield Case(town=town, sim=sim, runpod=runpod, person=await sim.person("Eva"))
        await town.call(lambda house: house.outside.board.calm())
        await until(
            lambda: town.call(lambda house: all(child.pid for child in house.children.values())),
            within_s=20,
            what="every process to be up",
        )


@pytest.fixture
async def case(town: Town) -> AsyncIterator[Case]:
    async with people(town) as somebody:
        yield somebody
