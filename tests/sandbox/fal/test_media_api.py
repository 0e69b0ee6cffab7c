"""Uploads both ways, the public media host, and what vanishes when."""

from __future__ import annotations

import json

import httpx
import pytest

from imgvid.sandbox.fal import Fal
from tests.sandbox.fal.caller import BANANA, KEY, SCHNELL, Caller, photo

EDIT = f"{BANANA}/edit"
HOUR = json.dumps({"expiration_duration_seconds": 3600})


async def test_an_upload_in_two_calls(fal: Fal, caller: Caller) -> None:
    begun = await caller.http.post(
        "/storage/upload/initiate?storage_type=fal-cdn-v3",
        json={"file_name": "my photo.png", "content_type": "image/png"},
    )
    assert set(begun.json()) == {"file_url", "upload_url"}
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(begun.json()["file_url"])).status_code == 404, "nothing there yet"
        other = await anybody.put(begun.json()["upload_url"], content=b"x", headers={"Content-Type": "image/jpeg"})
        assert other.status_code == 403, "signed for another type"
        put = await anybody.put(begun.json()["upload_url"], content=photo(), headers={"Content-Type": "image/png"})
        assert put.status_code == 200
        read = await anybody.get(begun.json()["file_url"])
        head = await anybody.head(begun.json()["file_url"])
    assert read.content == photo()
    assert (read.headers["Content-Type"], read.headers["Content-Length"]) == ("image/png", str(len(photo())))
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(photo())))
    assert [call.headers.get("Authorization") for call in fal.calls if call.op in {"put", "media"}] == [None] * 5


async def test_an_upload_with_a_token(fal: Fal, caller: Caller) -> None:
    token = (await caller.http.post("/storage/auth/token?storage_type=fal-cdn-v3", json={})).json()
    assert (token["token_type"], token["base_url"]) == ("Bearer", fal.url)
    headers = {"Content-Type": "image/png", "X-Fal-File-Name": "a.png", "X-Fal-Object-Lifecycle": HOUR}
    bearer = {**headers, "Authorization": f"{token['token_type']} {token['token']}"}
    url = (await caller.http.post("/files/upload", content=photo(), headers=bearer)).json()["access_url"]
    assert (await caller.download(url)).content == photo()
    assert [file.view()["lifetime_s"] for file in fal.shelf.files.values()] == [3600]
    assert (await caller.http.post("/files/upload", content=photo(), headers=headers)).status_code == 401, (
        "a key is no token"
    )
    await caller.advance(3600)
    late = await caller.http.post("/files/upload", content=photo(), headers=bearer)
    assert late.status_code == 401
    assert (await caller.download(url)).status_code == 404


@pytest.mark.parametrize(
    ("query", "header", "lifetime_s"),
    [
        ("storage_type=fal-cdn-v3", "X-Fal-Object-Lifecycle", 3600),
        ("storage_type=fal-cdn-v3", "X-Fal-Object-Lifecycle-Preference", 604800),
        ("storage_type=gcs", "X-Fal-Object-Lifecycle-Preference", 3600),
        ("storage_type=gcs", "X-Fal-Object-Lifecycle", 604800),
    ],
)
async def test_which_header_gives_an_upload_its_lifetime(
    fal: Fal, caller: Caller, query: str, header: str, lifetime_s: int
) -> None:
    body = {"file_name": "a.png", "content_type": "image/png"}
    await caller.http.post(f"/storage/upload/initiate?{query}", json=body, headers={header: HOUR})
    assert [file.view()["lifetime_s"] for file in fal.shelf.files.values()] == [lifetime_s]


async def test_an_input_that_vanished(caller: Caller) -> None:
    url = await caller.upload(photo(), X_Fal_Object_Lifecycle=HOUR)
    body = {"prompt": "make it night", "image_urls": [url]}
    assert (await caller.run(EDIT, body)).result.status_code == 200
    await caller.advance(3600)
    ended = await caller.run(EDIT, body)
    assert ended.result.status_code == 422
    assert (ended.problem["type"], ended.problem["loc"]) == ("file_download_error", ["body", "image_urls", 0])
    files = (await caller.http.get("/sim/files")).json()["files"]
    assert files[0]["gone"] == "lifetime"


async def test_results_vanish_as_wished(fal: Fal, caller: Caller) -> None:
    brief = await caller.run(SCHNELL, {"prompt": "a"}, X_Fal_Object_Lifecycle_Preference=HOUR, X_Fal_Store_IO="0")
    usual = await caller.run(SCHNELL, {"prompt": "a"})
    ever = '{"expiration_duration_seconds": null}'
    kept = await caller.run(SCHNELL, {"prompt": "a"}, X_Fal_Object_Lifecycle_Preference=ever)
    urls = [ended.json["images"][0]["url"] for ended in (brief, usual, kept)]
    assert (await caller.view(brief.id))["wishes"]["store_io"] is False
    await caller.advance(3599)
    assert [(await caller.download(url)).status_code for url in urls] == [200, 200, 200]
    await caller.advance(1)
    assert [(await caller.download(url)).status_code for url in urls] == [404, 200, 200]
    await caller.advance(604800)
    assert [(await caller.download(url)).status_code for url in urls] == [404, 404, 200]
    assert [bool(file.data) for file in fal.shelf.files.values()] == [False, False, True], "the bytes are let go"


async def test_a_result_that_nobody_may_read(caller: Caller) -> None:
    wish = json.dumps({"expiration_duration_seconds": 60, "initial_acl": {"default": "forbid"}})
    ended = await caller.run(SCHNELL, {"prompt": "a"}, X_Fal_Object_Lifecycle_Preference=wish)
    assert (await caller.download(ended.json["images"][0]["url"])).status_code == 403


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://api.telegram.org/file/bot1:x/photos/1.jpg", "file_download_error"),
        ("http://127.0.0.1:9/photo.png", "file_download_error"),
        ("data:image/png;base64,not base64", "file_download_error"),
        ("data:image/png;base64,bm8gcGljdHVyZQ==", "image_load_error"),
        ("data:text/plain,no%20picture", "image_load_error"),
    ],
)
async def test_addresses_that_give_no_picture(caller: Caller, url: str, kind: str) -> None:
    ended = await caller.run(EDIT, {"prompt": "make it night", "image_urls": [url]})
    assert ended.result.status_code == 422
    assert (ended.problem["type"], ended.problem["loc"]) == (kind, ["body", "image_urls", 0])


async def test_an_upload_needs_the_key_and_sense(fal: Fal, caller: Caller) -> None:
    async with httpx.AsyncClient(base_url=fal.url, trust_env=False) as anybody:
        for path in ("/storage/upload/initiate", "/storage/auth/token"):
            assert (await anybody.post(path, json={})).status_code == 401
    assert (await caller.http.post("/storage/upload/initiate", json={"file_name": "a"})).status_code == 422
    assert KEY not in (await caller.http.get("/sim/files")).text
