"""RunPod's REST v2, as far as an endpoint needs it (facts/runpod.md 2a).

RestRefused   the platform said no, or cannot be reached; the text says what to do and names no key
"""

from __future__ import annotations

from types import TracebackType

import httpx

from imgvid import log
from imgvid.ops.endpoint.template import Body, Json

URL = "https://api.runpod.io/v2"
_HINTS = {
    401: "RUNPOD_API_KEY is wrong or has been revoked",
    403: "this RUNPOD_API_KEY may not manage endpoints",
    404: "there is no such endpoint in this account",
    429: "too many requests: run it again in a minute",
}


class RestRefused(Exception):
    """The platform did not do it."""


class Rest:
    """A client for one run of the command. Close it, or use it as a context manager."""

    def __init__(self, *, key: str, url: str = URL) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30.0, trust_env=False
        )

    def __enter__(self) -> Rest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def find(self, *, endpoint_id: str | None, name: str) -> Body | None:
        """The endpoint of this id (404 is refused), or the only one of this name; None where there is none of the name."""
        if endpoint_id:
            return self._call("GET", f"/serverless/{endpoint_id}")
        listed = self._call("GET", "/serverless").get("endpoints")
        found = (
            [item for item in listed if isinstance(item, dict) and item.get("name") == name]
            if isinstance(listed, list)
            else []
        )
        if len(found) > 1:
            ids = ", ".join(str(item.get("id")) for item in found)
            raise RestRefused(
                f"several endpoints are called {name} ({ids}): choose one with --endpoint or RUNPOD_ENDPOINT_ID"
            )
        return self._call("GET", f"/serverless/{found[0]['id']}") if found else None

    def workers(self, endpoint_id: str) -> Body:
        return self._call("GET", f"/serverless/{endpoint_id}/workers")

    def create(self, body: Body) -> Body:
        return self._call("POST", "/serverless", body)

    def change(self, endpoint_id: str, body: Body) -> Body:
        """PATCH: idempotent, and a rolling release of idle workers."""
        return self._call("PATCH", f"/serverless/{endpoint_id}", body)

    def known(self, what: str, field: str) -> frozenset[str] | None:
        """The catalogue's values of one field (`gpus`/`pool`, `datacenters`/`id`); None where it does not answer."""
        try:
            answer = self._call("GET", f"/catalog/{what}?product=SERVERLESS" if what == "gpus" else f"/catalog/{what}")
        except RestRefused:
            return None
        rows = next((value for value in answer.values() if isinstance(value, list)), [])
        return frozenset(str(row[field]) for row in rows if isinstance(row, dict) and row.get(field)) or None

    def _call(self, method: str, path: str, body: Body | None = None) -> Body:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RestRefused(f"the platform cannot be reached: {type(error).__name__}") from error
        if answer.is_success:
            return _object(answer)
        raise RestRefused(
            f"{_HINTS.get(answer.status_code, 'the platform refused')} (HTTP {answer.status_code}{_why(answer)})"
        )


def _object(answer: httpx.Response) -> Body:
    try:
        data: Json = answer.json()
    except ValueError:
        raise RestRefused("the platform's answer is no JSON") from None
    if not isinstance(data, dict):
        raise RestRefused("the platform's answer is no object")
    return data


def _why(answer: httpx.Response) -> str:
    """The platform's own words, where they are in its documented shape."""
    try:
        data: Json = answer.json()
    except ValueError:
        return ""
    if not isinstance(data, dict):
        return ""
    errors = data.get("errors")
    parts = [
        str(data.get("detail") or data.get("title") or ""),
        *(map(str, errors) if isinstance(errors, list) else []),
    ]
    return log.mask(": " + "; ".join(part for part in parts if part)) if any(parts) else ""
