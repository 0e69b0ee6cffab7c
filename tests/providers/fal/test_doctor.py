"""What doctor asks Fal about the models of the catalogue."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from imgvid.catalog.read import modes
from imgvid.providers.fal import heads
from imgvid.providers.fal.doctor import check_models, wanted_models
from tests.providers.fal.falscript import KEY, page

API = "https://api.fal.test"


def test_every_model_of_every_choice_is_wanted() -> None:
    found = wanted_models(modes(), heads(standard="fal-ai/flux/schnell", premium="google/nano-banana-2.1"))
    assert len(found) == len(set(found))
    listed = {model.id for mode in modes().values() for model in mode.models}
    assert set(found) == listed
    mine = wanted_models(modes(), heads(standard="me/fast", premium="me/best"))
    assert set(mine) == listed | {"me/fast", "me/best", "me/best/edit"}


class Platform:
    """GET /v1/models in find mode (docs.fal.ai, platform-apis/v1/models)."""

    def __init__(self, known: dict[str, Any], *, all_or_nothing: bool = False) -> None:
        self.known, self.all_or_nothing = known, all_or_nothing
        self.calls: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        asked = request.url.params.get_list("endpoint_id")
        assert len(asked) <= 50
        found = [model for model in asked if model in self.known]
        if (self.all_or_nothing and len(found) < len(asked)) or not found:
            return httpx.Response(404, json={"error": {"type": "not_found", "message": "Endpoint not found"}})
        listed = [{"endpoint_id": model, "metadata": {"status": self.known[model]}} for model in found]
        return httpx.Response(200, json={"models": listed, "has_more": False, "next_cursor": None})


async def asked(handler: Any, *models: str) -> list[str]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
        return await check_models(models, client=client, api_key=KEY, api_url=API)


async def test_good_news_is_no_news_and_one_question() -> None:
    platform = Platform({"a/b": "active", "c/d": "active"})
    assert await asked(platform, "a/b", "c/d", "a/b") == []
    assert len(platform.calls) == 1
    assert platform.calls[0].headers["authorization"] == f"Key {KEY}"


@pytest.mark.parametrize("all_or_nothing", [True, False])
async def test_a_missing_and_a_dying_model_are_named(all_or_nothing: bool) -> None:
    said = await asked(
        Platform({"a/b": "active", "c/d": "deprecated"}, all_or_nothing=all_or_nothing), "a/b", "x/y", "c/d"
    )
    assert len(said) == 2
    assert "no model x/y" in said[0]
    assert "c/d as deprecated" in said[1]


async def test_many_models_take_several_questions() -> None:
    platform = Platform({f"a/{number}": "active" for number in range(120)})
    assert await asked(platform, *platform.known) == []
    assert len(platform.calls) == 3


@pytest.mark.parametrize(("answer", "words"), [
    (httpx.Response(401, json={"error": {}}), "does not accept FAL_API_KEY"), (httpx.Response(403, json={}), "does not accept"),
    (page(502), "could not be read"), (httpx.Response(200, json={"models": None}), "could not be read"),
])  # fmt: skip
async def test_why_nothing_is_known(answer: httpx.Response, words: str) -> None:
    (said,) = await asked(lambda _: answer, "a/b")
    assert words in said
    assert KEY not in said


async def test_no_network() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    (said,) = await asked(lost, "a/b")
    assert "is the network there?" in said
