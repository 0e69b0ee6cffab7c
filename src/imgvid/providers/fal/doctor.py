"""What `imgvid doctor` asks Fal before any money is spent: do the models exist, and is the key one?

GET /v1/models?endpoint_id=…&endpoint_id=… answers with those that it knows, each with a status (facts/models.md 1.10).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import httpx

from imgvid.catalog.choices import combinations, context
from imgvid.catalog.mode import Mode
from imgvid.providers.fal.request import Head, models_for
from imgvid.providers.fal.wire import CALL_TIMEOUT, TOTAL_TIMEOUT, object_of

API_URL = "https://api.fal.ai"
_AT_ONCE = 50  # ids that one question takes


def wanted_models(catalogue: Mapping[str, Mode], front: Sequence[Head]) -> tuple[str, ...]:
    """Every model that some choice of some mode leads to, heads first. Pure."""
    found: dict[str, None] = {}
    for mode in catalogue.values():
        if not mode.models:
            continue
        optional = [rule.role for rule in mode.inputs if not rule.required]
        always = [rule.role for rule in mode.inputs if rule.required]
        for roles in (always, [*always, *optional]):
            for choices in combinations(mode, roles=roles):
                found.update(dict.fromkeys(one.id for one in models_for(mode, context(mode, choices, roles), front)))
    return tuple(found)


async def check_models(
    models: Iterable[str], *, client: httpx.AsyncClient, api_key: str, api_url: str = API_URL
) -> list[str]:
    """A sentence for each model that is missing or about to go, or for why that is not known; none is good news."""
    wanted = list(dict.fromkeys(models))
    known: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        answer = await _asked(wanted[start : start + _AT_ONCE], client, api_key, api_url)
        if isinstance(answer, str):
            return [answer]
        known.update(answer)
    return [sentence for model in wanted if (sentence := _sentence(model, known.get(model)))]


async def _asked(models: Sequence[str], client: httpx.AsyncClient, api_key: str, api_url: str) -> dict[str, str] | str:
    """Status by model, or the sentence that says why there is none."""
    try:
        async with asyncio.timeout(TOTAL_TIMEOUT.total_seconds()):
            answer = await client.get(
                f"{api_url.rstrip('/')}/v1/models",
                params=[("endpoint_id", model) for model in models],
                headers={"Authorization": f"Key {api_key}", "Accept": "application/json"},
                timeout=CALL_TIMEOUT,
            )
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as lost:
        return f"Fal's list of models could not be read ({type(lost).__name__}); is the network there?"
    if answer.status_code in {401, 403}:
        return f"Fal does not accept FAL_API_KEY (HTTP {answer.status_code}); its dashboard makes a new one, scope API."
    if answer.status_code == 404 and len(models) > 1:  # one that is missing may hide the others
        return await _one_by_one(models, client, api_key, api_url)
    if answer.status_code == 404:
        return {}
    listed = object_of(answer).get("models")
    if not answer.is_success or not isinstance(listed, list):
        return f"Fal's list of models could not be read (HTTP {answer.status_code})."
    return {str(one.get("endpoint_id")): _status(one) for one in listed if isinstance(one, dict)}


async def _one_by_one(
    models: Sequence[str], client: httpx.AsyncClient, api_key: str, api_url: str
) -> dict[str, str] | str:
    known: dict[str, str] = {}
    for model in models:
        answer = await _asked([model], client, api_key, api_url)
        if isinstance(answer, str):
            return answer
        known.update(answer)
    return known


def _status(listed: Mapping[str, object]) -> str:
    metadata = listed.get("metadata")
    status = metadata.get("status") if isinstance(metadata, Mapping) else None
    return status if isinstance(status, str) else "active"


def _sentence(model: str, status: str | None) -> str | None:
    if status is None:
        return f"Fal has no model {model}: jobs go to the next one of the catalogue; is the name right?"
    if status != "active":
        return f"Fal lists {model} as {status}: it may be switched off; choose another one soon."
    return None
