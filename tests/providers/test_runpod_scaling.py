"""An endpoint's worker limit over the management API: read, set back, and what a refusal lets us conclude."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from imgvid.providers.base import Broken, Unauthorized, Unreachable
from imgvid.providers.runpod_scaling import RunpodScaling
from tests.support.runpod_rest import Account, serve_rest

KEY = "rpa_" + "k" * 30


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with serve_rest(key=KEY) as account:
        yield account


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def scaling(account: Account, http: httpx.AsyncClient, *, key: str = KEY, endpoint: str = "ep1") -> RunpodScaling:
    return RunpodScaling(
        client=http, rest_url=account.url, api_key=key, endpoint_id=endpoint, total_timeout=timedelta(seconds=5)
    )


async def test_only_the_limit_changes(account: Account, http: httpx.AsyncClient) -> None:
    account.rest.set_workers("ep1", 0)
    one = scaling(account, http)
    seen = await one.look()
    assert seen.most == 0
    assert await one.put_back(seen, 3) == 3
    assert account.rest.endpoints["ep1"]["workers"] == {"min": 0, "max": 3, "idleTimeout": 10}
    assert (await one.look()).most == 3
    assert account.rest.calls == ["GET /v2/serverless/ep1", "PATCH /v2/serverless/ep1", "GET /v2/serverless/ep1"]


async def test_a_limit_that_the_platform_left_empty_is_not_sent_back(account: Account, http: httpx.AsyncClient) -> None:
    """REQUEST_COUNT endpoints have no idleTimeout, and refuse one."""
    account.rest.endpoints["ep1"] |= {
        "workers": {"min": 0, "max": 0, "idleTimeout": None},
        "scaling": {"type": "REQUEST_COUNT", "requestCount": 1},
    }
    one = scaling(account, http)
    assert await one.put_back(await one.look(), 1) == 1


async def test_a_key_without_the_right(account: Account, http: httpx.AsyncClient) -> None:
    account.rest.rights["rpa_reader"] = frozenset({"GET"})
    reader = scaling(account, http, key="rpa_reader")
    seen = await reader.look()
    with pytest.raises(Unauthorized, match="HTTP 403"):
        await reader.put_back(seen, 1)
    with pytest.raises(Unauthorized, match="HTTP 401") as refused:
        await scaling(account, http, key="rpa_unknown_key").look()
    assert "rpa_unknown" not in str(refused.value)


async def test_what_teaches_nothing_and_what_is_wrong(account: Account, http: httpx.AsyncClient) -> None:
    with pytest.raises(Broken, match="HTTP 404"):
        await scaling(account, http, endpoint="nope").look()
    away = Account(rest=account.rest, url="http://127.0.0.1:9/v2")
    with pytest.raises(Unreachable, match="no answer"):
        await scaling(away, http).look()
    del account.rest.endpoints["ep1"]["workers"]
    with pytest.raises(Broken, match="no workers"):
        await scaling(account, http).look()
    for answer, kind in (
        (httpx.Response(502, text="<html>"), Unreachable),
        (httpx.Response(429), Unreachable),
        (httpx.Response(200, text="<html>"), Broken),
        (httpx.Response(200, json={"workers": {"max": True}}), Broken),
    ):
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _, answer=answer: answer)) as fake:
            with pytest.raises(kind):
                await scaling(account, fake).look()


def test_the_key_is_in_no_repr(account: Account, http: httpx.AsyncClient) -> None:
    assert KEY not in repr(scaling(account, http))
