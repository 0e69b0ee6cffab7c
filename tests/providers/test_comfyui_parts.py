"""The pure parts: addresses and ids, what travels with a prompt, what an error lets conclude."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.comfy import errors as comfy
from imgvid.comfy.history import Kind
from imgvid.jobs.errors import Code
from imgvid.providers.base import Broken, Busy, ProviderError, Rejected, RequestId, Unauthorized, Unreachable
from imgvid.providers.comfyui.address import (
    earlier,
    identity,
    look_id,
    parse_request,
    prompt_id,
    request_id,
    server_url,
)
from imgvid.providers.comfyui.border import concluded
from imgvid.providers.comfyui.tag import Tag, parse_tag
from imgvid.worker.engines.base import Order
from imgvid.worker.engines.comfy import prompt_id_of


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://127.0.0.1", "http://127.0.0.1:8188"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://gpu.lan/", "http://gpu.lan:8188"),
        ("https://gpu.example/comfy", "https://gpu.example:8188/comfy"),
        ("http://[::1]", "http://[::1]:8188"),
        ("http://me:word@gpu.lan", "http://me:word@gpu.lan:8188"),
    ],
)
def test_the_port_is_added_where_the_address_names_none(address: str, url: str) -> None:
    assert server_url(address, 8188) == url


def test_a_servers_name_holds_no_password() -> None:
    assert identity("http://me:word@gpu.lan:8188/x/") == "http://gpu.lan:8188/x"


@given(st.sampled_from(["http://127.0.0.1:8188", "https://gpu.example:443/comfy/ui"]), st.uuids(), st.integers(1, 5000))
def test_a_request_names_its_server_and_its_prompt(server: str, job: UUID, attempt: int) -> None:
    prompt = prompt_id(str(job), attempt)
    assert str(UUID(prompt)) == prompt, "canonical, as the server wants it"
    assert parse_request(request_id(server, prompt)) == (server, prompt)
    assert prompt not in earlier(str(job), attempt)


def test_ids_follow_from_job_and_attempt() -> None:
    job = str(uuid4())
    assert prompt_id(job, 1) == prompt_id(job, 1) != prompt_id(job, 2)
    assert earlier(job, 1) == ()
    first, second = prompt_id(job, 1), prompt_id(job, 2)
    assert earlier(job, 3) == (second, look_id(second), first, look_id(first))
    assert prompt_id("no uuid", 1) != prompt_id("another", 1)
    assert parse_request(RequestId("bare")) == ("", "bare")


def test_the_workers_own_ids_are_the_same(tmp_path: Path) -> None:
    job = str(uuid4())
    order = Order(
        job_id=job, mode="m", params={}, seed=1, images={}, folder=tmp_path, locale="en", deadline=None, attempt=3
    )
    assert prompt_id_of(order) == prompt_id(job, 3)


@given(
    st.builds(
        Tag,
        kind=st.sampled_from(Kind),
        output=st.none() | st.text(min_size=1),
        until=st.none() | st.floats(0, 2e9),
        pictures=st.lists(st.text()).map(tuple),
        faces=st.none() | st.integers(0, 16),
        recipe=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
    )
)
def test_a_tag_comes_back_as_it_went(tag: Tag) -> None:
    assert parse_tag({**tag.extra_data(), "client_id": "imgvid", "create_time": 1}) == tag


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_somebody_elses_tag_is_none(value: object) -> None:
    assert parse_tag({"imgvid": value}) is None  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("error", "kind", "failure"),
    [
        (comfy.MissingNode("x"), Rejected, Code.NODE_MISSING),
        (comfy.MissingModel("x"), Rejected, Code.MODEL_MISSING),
        (comfy.NoFace("x"), Rejected, Code.NO_FACE),
        (comfy.OutOfMemory("x"), Rejected, Code.OUT_OF_MEMORY),
        (comfy.NodeFailed("x"), Rejected, Code.ENGINE_FAILED),
        (comfy.BadInput("x", picture=True), Rejected, Code.BAD_IMAGE),
        (comfy.BadInput("x", value=True), Rejected, Code.INPUT_REFUSED),
        (comfy.BadInput("x"), Rejected, Code.PROVIDER_REJECTED),
        (comfy.Unauthorized("x"), Unauthorized, None),
        (comfy.ServerGone("x"), Unreachable, None),
        (comfy.ServerGone("x", maybe_sent=True), Unreachable, None),
        (comfy.Timeout("x"), Unreachable, None),
        (comfy.Stuck("x"), Unreachable, None),
        (comfy.BadAnswer("x"), Broken, None),
    ],
)
def test_what_an_error_lets_conclude(error: comfy.ComfyError, kind: type[ProviderError], failure: Code | None) -> None:
    found = concluded("a prompt", error)
    assert type(found) is kind
    assert getattr(found, "failure", None) is failure


def test_busy_says_for_how_long() -> None:
    busy = concluded("a prompt", comfy.Busy("503", retry_after_s=4))
    assert isinstance(busy, Busy)
    assert busy.retry_after == timedelta(seconds=4)
