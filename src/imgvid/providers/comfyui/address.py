"""Names: which server, which prompt there, and the request id that holds both. Pure.

A row is asked for where it was accepted, also after the configuration moved to another server; so its id begins with the
server's address. A prompt's id follows from job and attempt, so that it can be asked for when the answer that would have
told it is lost.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit
from uuid import NAMESPACE_OID, UUID, uuid5

from imgvid.providers.base import RequestId


def server_url(address: str, port: int) -> str:
    """The address with the port, where it names none itself."""
    parts = urlsplit(address.rstrip("/"))
    if parts.port is not None:
        return urlunsplit(parts)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))


def identity(url: str) -> str:
    """A server's name: its address without a name and password that it may hold."""
    parts = urlsplit(url.rstrip("/"))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def prompt_id(job_id: str, attempt: int) -> str:
    """One id for one attempt of one job: a lower-case UUID, as the server wants it; the worker's are the same."""
    return str(uuid5(_job(job_id), str(attempt)))


def look_id(prompt: str) -> str:
    """The id of what is run ahead of a prompt, to look at its picture."""
    return str(uuid5(UUID(prompt), "look"))


def earlier(job_id: str, attempt: int) -> tuple[str, ...]:
    """Every prompt that an earlier attempt of this job may have left, the latest first."""
    found: list[str] = []
    for one in range(attempt - 1, 0, -1):
        before = prompt_id(job_id, one)
        found += [before, look_id(before)]
    return tuple(found)


def request_id(server: str, prompt: str) -> RequestId:
    return RequestId(f"{server}/{prompt}")


def parse_request(request: RequestId) -> tuple[str, str]:
    """The server's name and the prompt."""
    server, _, prompt = request.rpartition("/")
    return server, prompt


def _job(job_id: str) -> UUID:
    try:
        return UUID(job_id)
    except ValueError:
        return uuid5(NAMESPACE_OID, job_id)
