"""The wire itself: addresses, tokens, encodings, and what comes back when something is wrong."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from imgvid.sandbox.telegram import Person, Sim, create_app

from .conftest import TOKEN, Api, Refused
from .material import jpeg


async def test_methods_are_not_case_sensitive_and_get_works(api: Api) -> None:
    answer = (await api.http.get(f"/bot{TOKEN}/GETME")).json()
    assert answer["result"]["is_bot"] is True
    assert answer["result"]["id"] == 4242
    assert answer["result"]["can_join_groups"] is True


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        (f"/bot{TOKEN}/sendNothing", 404, "Not Found: method not found"),
        ("/bot4242:wrong/getMe", 401, "Unauthorized"),
        ("/botnonsense/getMe", 401, "Unauthorized: invalid token specified"),
        (f"/file/bot{TOKEN}/photos/file_9.jpg", 404, "Not Found"),
    ],
)
async def test_wrong_addresses(api: Api, path: str, status: int, description: str) -> None:
    response = await api.http.get(path)
    assert response.status_code == status
    assert response.json() == {"ok": False, "error_code": status, "description": description}


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart"])
async def test_the_same_call_in_every_encoding(api: Api, eva: Person, way: str) -> None:
    path = f"/bot{TOKEN}/sendMessage"
    keyboard = {"inline_keyboard": [[{"text": "Stop", "callback_data": "c:1"}]]}
    fields = {"chat_id": str(eva.chat_id), "text": "čakám", "reply_markup": json.dumps(keyboard)}
    match way:
        case "query":
            response = await api.http.get(path, params=fields)
        case "form":
            response = await api.http.post(path, data=fields)
        case "json":
            body = {"chat_id": eva.chat_id, "text": "čakám", "reply_markup": keyboard}
            response = await api.http.post(path, json=body)
        case _:
            response = await api.http.post(path, data=fields, files={"unused": b"x"})
    message = response.json()["result"]
    assert message["text"] == "čakám"
    assert message["reply_markup"] == keyboard
    assert message["chat"] == {"id": eva.chat_id, "type": "private", "first_name": "Eva", "username": "eva_k"}


async def test_bad_json_is_refused(api: Api) -> None:
    response = await api.http.post(f"/bot{TOKEN}/getMe", content=b"[1]", headers={"Content-Type": "application/json"})
    assert response.status_code == 400


async def test_more_than_fifty_megabytes_is_413(api: Api, eva: Person) -> None:
    big = b"\0" * ((50 << 20) + 1)
    with pytest.raises(Refused) as refused:
        await api("sendDocument", {"document": ("a.bin", big)}, chat_id=eva.chat_id)
    assert refused.value.status == 413
    assert refused.value.description == "Request Entity Too Large"


async def test_a_new_token_locks_the_old_one_out(api: Api, sim: Sim) -> None:
    await sim.post("/sim/bot", token="4242:fresh")
    assert (await api.raw("getMe")).status_code == 401
    assert (await api.http.get("/bot4242:fresh/getMe")).json()["ok"] is True


async def test_the_log_holds_every_call_with_its_outcome(api: Api, sim: Sim, eva: Person) -> None:
    sent = await api("sendPhoto", {"photo": ("p.jpg", jpeg())}, chat_id=eva.chat_id)
    with pytest.raises(Refused):
        await api("sendMessage", chat_id=99, text="x")
    ok, refused = (await sim.calls())[-2:]
    assert (ok["method"], ok["status"], ok["applied"]) == ("sendPhoto", 200, True)
    assert (ok["chat_id"], ok["message_id"]) == (eva.chat_id, sent["message_id"])
    assert int(str(ok["bytes_in"])) >= len(jpeg())
    assert (refused["status"], refused["applied"]) == (400, False)
    assert refused["description"] == "Bad Request: chat not found"


def test_a_malformed_token_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="bot token"):
        create_app(token="nothing")


async def test_the_control_api_speaks_in_sentences(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        response = await http.get("/sim/chats/5/messages")
        assert response.status_code == 404
        assert response.json() == {"error": "there is no chat 5"}
        assert (await http.post("/sim/users", json={})).status_code == 400
        assert (await http.post("/sim/faults", json={"kind": "meteor"})).status_code == 400
        assert (await http.get("/sim/events?after=x")).status_code == 400


async def test_pages_of_other_origins_may_not_drive_the_chats(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        assert (await http.get("/sim", headers={"Origin": "https://example.org"})).status_code == 403
        assert (await http.get("/sim", headers={"Origin": url})).status_code == 200


async def test_an_upload_that_breaks_off_is_logged_and_applied_to_nothing(url: str, sim: Sim, eva: Person) -> None:
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /bot{TOKEN}/sendDocument HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        f'--b\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n{eva.chat_id}\r\n'
        '--b\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\nhalf'
    )
    writer.write(head.encode())
    await writer.drain()
    writer.transport.abort()
    (call,) = await sim.until_called("sendDocument")
    assert (call["status"], call["applied"]) == (0, False)
    assert len(await eva.messages()) == 1


async def test_a_file_of_just_twenty_megabytes_comes_down_whole(api: Api, eva: Person) -> None:
    data = bytes(20 << 20)
    sent = await eva.send_document(data, name="a.bin", mime_type="application/octet-stream")
    assert sent.media is not None
    found = await api("getFile", file_id=sent.media.file_id)
    assert found["file_path"].endswith(".bin")
    assert (await api.http.get(f"/file/bot{TOKEN}/{found['file_path']}")).content == data
    assert await eva.media(sent.message_id) == data
