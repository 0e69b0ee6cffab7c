"""A Fal request as one line of text, for the row and the log. Pure.

    fal-ai/flux/schnell 764cabcf https://queue.fal.run/fal-ai/flux/requests/764cabcf /status /cancel -
    model               id       what the three addresses share                      their ends: status, cancel, result

The addresses are used as the answer gave them: the documentation shows the result's in two forms (facts/models.md 1.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Self

from imgvid.providers.base import RequestId

_NAMESPACES = ("workflows", "comfy")  # their ids are one segment longer (facts/models.md 1.2)
_NOTHING = "-"  # an address that has no end of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One accepted request."""

    model: str
    request: str
    status_url: str
    cancel_url: str
    response_url: str

    @classmethod
    def read(cls, request_id: RequestId) -> Self:
        """The ticket of a line. Raises ValueError for another provider's id."""
        parts = request_id.split(" ")
        if len(parts) != 6 or not all(parts):
            raise ValueError("not a Fal request")
        model, request, *pieces = ("" if part == _NOTHING else part for part in parts)
        status, cancel, response = (pieces[0] + end for end in pieces[1:])
        return cls(model=model, request=request, status_url=status, cancel_url=cancel, response_url=response)

    @classmethod
    def of_answer(cls, body: Mapping[str, object], *, model: str, queue_url: str) -> Self | None:
        """The ticket of a submit's answer; None where it names no request. A missing address is what Fal's rule says."""
        request = body.get("request_id")
        if not isinstance(request, str) or not _is_word(request):
            return None
        base = f"{queue_url}/{app_of(model)}/requests/{request}"
        given = {name: body.get(name) for name in ("status_url", "cancel_url", "response_url")}
        said = {name: url for name, url in given.items() if isinstance(url, str) and _is_word(url)}
        by_rule = {"status_url": f"{base}/status", "cancel_url": f"{base}/cancel", "response_url": base}
        return cls(model=model, request=request, **{**by_rule, **said})

    def line(self) -> RequestId:
        urls = (self.status_url, self.cancel_url, self.response_url)
        shared = _shared(urls)
        pieces = (self.model, self.request, shared, *(url[len(shared) :] for url in urls))
        return RequestId(" ".join(piece or _NOTHING for piece in pieces))


def _shared(urls: Sequence[str]) -> str:
    """What addresses begin with, in whole segments."""
    segments = zip(*(url.split("/") for url in urls), strict=False)
    return "/".join(same[0] for same in takewhile(lambda each: len(set(each)) == 1, segments))


def app_of(model: str) -> str:
    """The part of a model's id below which its requests live: owner and app."""
    parts = model.split("/")
    return "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])


def _is_word(text: str) -> bool:
    return bool(text) and len(text.split()) == 1 and text == text.strip()
