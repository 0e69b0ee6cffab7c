"""A client of the control API, for tests, `scripts/demo --once` and storms: people, faults, the clock, waiting.

Nothing here sleeps: waiting reads the event stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import httpx

from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_list, as_object, as_text, loads

if TYPE_CHECKING:  # a Person speaks through a Sim
    from imgvid.sandbox.telegram.person import Person

T = TypeVar("T")
WAIT_S = 30.0


class SimRefused(Exception):
    """The stand-in said no; the sentence says why. `status` is 400, 404 or 409."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class Sim:
    """One connection pool to a stand-in at `url`. Use as an async context manager, or call `close`."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(base_url=self.url, timeout=httpx.Timeout(60.0), limits=limits, trust_env=False)

    async def __aenter__(self) -> Sim:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    # -- plain requests

    async def get(self, path: str, **query: str | int) -> JsonObject:
        return _object(await self._http.get(path, params=query))

    async def post(self, path: str, **body: object) -> JsonObject:
        return _object(await self._http.post(path, json=body))

    async def post_form(
        self, path: str, fields: dict[str, str], files: list[tuple[str, tuple[str, bytes, str]]]
    ) -> JsonObject:
        return _object(await self._http.post(path, data=fields, files=files))

    async def delete(self, path: str) -> JsonObject:
        return _object(await self._http.delete(path))

    async def fetch(self, path: str) -> bytes:
        """The bytes behind a media address. Raises SimRefused."""
        response = await self._http.get(path)
        if response.is_error:
            _object(response)
        return response.content

    # -- people

    async def person(
        self,
        first_name: str = "Eva",
        *,
        language: str | None = "en",
        username: str | None = None,
        id: int | None = None,
    ) -> Person:
        """A new person with a private chat that the bot may write to once they wrote."""
        from imgvid.sandbox.telegram.person import Person

        chat = await self.post("/sim/users", first_name=first_name, language_code=language, username=username, id=id)
        number = as_int(chat["chat_id"]) or 0
        return Person(self, chat_id=number, user_id=number, name=first_name)

    async def group(self, title: str, members: Iterable[Person], *, supergroup: bool = False) -> int:
        """A new group of these people and the bot; its chat id. `person.within(chat_id)` speaks in it."""
        kind = "supergroup" if supergroup else "group"
        chat = await self.post("/sim/chats", type=kind, title=title, members=[person.user_id for person in members])
        return as_int(chat["chat_id"]) or 0

    # -- levers

    async def fault(self, kind: str, *, method: str = "*", **own: object) -> int:
        """Order a fault (kinds and fields: the package docstring); its id."""
        named = {"method": method} if method != "*" else {}
        return as_int((await self.post("/sim/faults", kind=kind, **named, **own))["id"]) or 0

    async def fault_state(self, fault_id: int) -> JsonObject:
        """seen, hit and holding of a rule. Raises KeyError when it was removed."""
        listed = [as_object(item) or {} for item in as_list((await self.get("/sim/faults"))["faults"]) or []]
        return {as_int(item["id"]): item for item in listed}[fault_id]

    async def release(self, fault_id: int, *, times: int | None = None) -> None:
        await self.post(f"/sim/faults/{fault_id}/release", **({"times": times} if times is not None else {}))

    async def remove_fault(self, fault_id: int) -> None:
        await self.delete(f"/sim/faults/{fault_id}")

    async def clear_faults(self) -> None:
        await self.delete("/sim/faults")

    async def rate(self, **fields: float | bool) -> JsonObject:
        return await self.post("/sim/rate", **fields)

    async def advance(self, seconds: float) -> None:
        """Move the stand-in's clock: expiries, flood limits and dates follow."""
        await self.post("/sim/clock", advance_s=seconds)

    # -- looking

    async def calls(self, method: str = "", *, chat_id: int | None = None, after: int = 0) -> list[JsonObject]:
        """The call log, oldest first."""
        query: dict[str, str | int] = {"method": method, "after": after}
        query |= {"chat": chat_id} if chat_id is not None else {}
        return [as_object(item) or {} for item in as_list((await self.get("/sim/calls", **query))["calls"]) or []]

    async def summary(self, chat_id: int | None = None) -> JsonObject:
        """All chats' summary, or one chat's."""
        found = await self.get("/sim/summary", **({"chat": chat_id} if chat_id is not None else {}))
        return found if chat_id is None else as_object((as_list(found["chats"]) or [{}])[0]) or {}

    # -- waiting

    @asynccontextmanager
    async def events(
        self, *, after: int | None = None, chat_id: int | None = None, types: str = ""
    ) -> AsyncIterator[AsyncIterator[JsonObject]]:
        """The stream of events; `after=None` begins now. Ends when the server ends."""
        query: dict[str, str | int] = {"types": types} if types else {}
        query |= {"after": after} if after is not None else {}
        query |= {"chat": chat_id} if chat_id is not None else {}
        async with self._http.stream("GET", "/sim/events", params=query, timeout=None) as response:
            if response.is_error:
                await response.aread()
                _object(response)
            yield _events(response)

    async def until(
        self,
        look: Callable[[], Awaitable[T | None]],
        *,
        timeout_s: float = WAIT_S,
        chat_id: int | None = None,
        types: str = "",
        what: str = "the condition",
    ) -> T:
        """Look now and after every matching event; the first true answer. Raises TimeoutError that says `what`."""
        try:
            async with asyncio.timeout(timeout_s):
                seq = as_int((await self.get("/sim"))["seq"]) or 0
                async with self.events(after=seq, chat_id=chat_id, types=types) as events:
                    if found := await look():
                        return found
                    async for _ in events:
                        if found := await look():
                            return found
                raise ConnectionError("the stand-in ended the event stream")
        except TimeoutError:
            raise TimeoutError(f"waited {timeout_s:g} s for {what}") from None

    async def until_held(self, fault_id: int, *, calls: int = 1, timeout_s: float = WAIT_S) -> None:
        """Until a hold or late rule holds this many calls."""

        async def held() -> bool:
            return (as_int((await self.fault_state(fault_id))["holding"]) or 0) >= calls

        await self.until(held, timeout_s=timeout_s, types="held", what=f"fault {fault_id} to hold {calls} calls")

    async def until_called(
        self, method: str, *, calls: int = 1, chat_id: int | None = None, after: int = 0, timeout_s: float = WAIT_S
    ) -> list[JsonObject]:
        """Until the method was called this often (and has ended); the calls."""

        async def enough() -> list[JsonObject] | None:
            found = await self.calls(method, chat_id=chat_id, after=after)
            return found if len(found) >= calls else None

        return await self.until(enough, timeout_s=timeout_s, types="call", what=f"{calls} calls of {method}")


async def _events(response: httpx.Response) -> AsyncIterator[JsonObject]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            event = as_object(loads(line[6:]))
            if event is not None:
                yield event


def _object(response: httpx.Response) -> JsonObject:
    """The JSON object of an answer. Raises SimRefused with the server's sentence."""
    try:
        body = as_object(loads(response.content)) or {}
    except ValueError:
        body = {"error": response.text[:200]}
    if response.is_error:
        raise SimRefused(response.status_code, as_text(body.get("error")))
    return body
