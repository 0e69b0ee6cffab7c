"""The platform API, as far as a check before the start needs it: which models are there, what they cost."""

from __future__ import annotations

from aiohttp import web

from imgvid.sandbox.fal import spoken
from imgvid.sandbox.fal.faults import Op
from imgvid.sandbox.fal.gate import Gate
from imgvid.sandbox.fal.schema import Model
from imgvid.sandbox.fal.world import Fal, Life


class PlatformApi:
    def __init__(self, fal: Fal) -> None:
        self._fal = fal

    def add_to(self, app: web.Application, gate: Gate) -> None:
        app.router.add_get("/v1/models", gate.guard(Op.MODELS, self.models))
        app.router.add_get("/v1/models/pricing", gate.guard(Op.PRICING, self.pricing))

    async def models(self, request: web.Request) -> web.Response:
        """Find mode with `endpoint_id` (repeated or with commas), else all. Ids that are unknown or gone are left out."""
        asked = _asked(request)
        found = [model for name, model in self._fal.models.items() if not asked or name in asked]
        shown = [self._shown(model) for model in found if self._fal.life(model.id) is not Life.GONE]
        return spoken.answer({"models": shown, "next_cursor": None, "has_more": False})

    async def pricing(self, request: web.Request) -> web.Response:
        found = [model for name in _asked(request) if (model := self._fal.model(name)) is not None]
        if not found:
            return spoken.platform_problem(404, "not_found", "No pricing found for the requested endpoints")
        prices = [
            {
                "endpoint_id": model.id,
                "unit_price": model.price.usd,
                "unit": model.price.unit,
                "currency": "USD",
            }
            for model in found
        ]
        return spoken.answer({"prices": prices, "next_cursor": None, "has_more": False})

    def _shown(self, model: Model) -> dict[str, object]:
        return {
            "endpoint_id": model.id,
            "metadata": {
                "display_name": model.name,
                "category": model.category,
                "description": "",
                "status": self._fal.life(model.id),
                "tags": [],
                "kind": "inference",
                "model_url": f"https://fal.run/{model.id}",
            },
        }


def _asked(request: web.Request) -> list[str]:
    return [name for value in request.query.getall("endpoint_id", []) for name in value.split(",") if name]
