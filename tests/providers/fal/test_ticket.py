"""A Fal request as one line, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.providers.base import RequestId
from imgvid.providers.fal.ticket import Ticket, app_of

QUEUE = "https://queue.fal.run"
BASE = f"{QUEUE}/fal-ai/flux/requests/764c"
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
urls = st.builds(lambda host, path: f"https://{host}/{path}", words, words) | st.just(BASE)


def ticket(**changes: str) -> Ticket:
    given_urls = {"status_url": f"{BASE}/status", "cancel_url": f"{BASE}/cancel", "response_url": BASE}
    return Ticket(model="fal-ai/flux/schnell", request="764c", **{**given_urls, **changes})


def test_a_line_is_short_and_readable() -> None:
    assert ticket().line() == f"fal-ai/flux/schnell 764c {BASE} /status /cancel -"
    longer = ticket(response_url=f"{BASE}/response")
    assert longer.line().endswith("/status /cancel /response")


@given(status=urls, cancel=urls, response=urls)
def test_the_addresses_come_back_as_they_were(status: str, cancel: str, response: str) -> None:
    made = ticket(status_url=status, cancel_url=cancel, response_url=response)
    assert Ticket.read(made.line()) == made


@pytest.mark.parametrize("line", ["", "ep1/abc-e1", "a b c d e", "a b c d e f g", "a  b c d e", " a b c d e f"])
def test_another_providers_id_is_no_ticket(line: str) -> None:
    with pytest.raises(ValueError, match="not a Fal request"):
        Ticket.read(RequestId(line))


def test_an_answer_is_used_as_it_is_given() -> None:
    odd = {
        "request_id": "764c",
        "status_url": f"{QUEUE}/v2/x/status",
        "cancel_url": f"{QUEUE}/v2/x/c",
        "response_url": BASE,
    }
    made = Ticket.of_answer(odd, model="fal-ai/flux/schnell", queue_url=QUEUE)
    assert made == ticket(status_url=odd["status_url"], cancel_url=odd["cancel_url"])


@pytest.mark.parametrize("missing", [None, 7, "", "two words"])
def test_a_missing_address_is_what_the_rule_says(missing: object) -> None:
    body = {"request_id": "764c", "status_url": missing, "cancel_url": missing, "response_url": missing}
    assert Ticket.of_answer(body, model="fal-ai/flux/schnell", queue_url=QUEUE) == ticket()


@pytest.mark.parametrize("body", [{}, {"request_id": 7}, {"request_id": ""}, {"request_id": "a b"}])
def test_an_answer_without_a_request(body: dict[str, object]) -> None:
    assert Ticket.of_answer(body, model="m/n", queue_url=QUEUE) is None


@pytest.mark.parametrize(("model", "app"), [
    ("fal-ai/flux/schnell", "fal-ai/flux"), ("fal-ai/kling-video/v3/standard/text-to-video", "fal-ai/kling-video"),
    ("google/nano-banana-2.1", "google/nano-banana-2.1"), ("workflows/me/flow/x", "workflows/me/flow"),
    ("comfy/me/flow", "comfy/me/flow"),
])  # fmt: skip
def test_requests_live_below_the_app(model: str, app: str) -> None:
    assert app_of(model) == app
