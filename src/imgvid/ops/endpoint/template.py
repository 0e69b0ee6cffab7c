"""The endpoint's file: exactly a REST v2 create body, so that it can also be read beside the console.

A value of `env` that is `$NAME` comes from the environment of whoever applies, `$NAME?` too but may be absent; so no
secret is ever in the file. `WORKER_IMAGE` is set to `image`: the worker reports it in every job's recipe.

    TemplateRefused   the file is no endpoint
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Body: TypeAlias = dict[str, Json]

PLACEHOLDER = "REGISTRY/"

POOLS: dict[str, tuple[int, float, int]] = {
    "AMPERE_16": (16, 0.00016, 3), "AMPERE_24": (24, 0.00019, 3), "ADA_24": (24, 0.00031, 1), "AMPERE_48": (48, 0.00034, 2),
    "ADA_48_PRO": (48, 0.00053, 3), "AMPERE_80": (80, 0.00076, 1), "ADA_80_PRO": (80, 0.00116, 1),
    "HOPPER_141": (141, 0.00155, 1),
}  # fmt: skip
"""Pool -> GPU memory in GB, dollars a second (flex), GPU models in it (facts/models.md 8, prices of 2026-06)."""

FIELDS = frozenset({
    "name", "type", "image", "registry", "disk", "env", "args", "ports", "gpu", "workers", "scaling", "dataCenterIds",
    "networkVolumes", "timeout", "flashboot",
})  # fmt: skip


class TemplateRefused(Exception):
    """The file cannot be used. `problems` has a sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A create body with its env filled in. `lacking` are variables that nobody has set; a live endpoint may hold them."""

    body: Body
    env: dict[str, str]
    lacking: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.body["name"])


def read(path: Path, environ: Mapping[str, str], *, image: str | None = None, vram_gb: int | None = None) -> Template:
    """Read a template. Raises TemplateRefused."""
    try:
        body = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise TemplateRefused([f"{path}: {error}"]) from None
    if not isinstance(body, dict):
        raise TemplateRefused([f"{path}: must be an object"])
    problems = [f"{path}: {name!r} is no field of an endpoint" for name in sorted(body.keys() - FIELDS)]
    problems += [
        f"{path}: {name} is missing" for name in ("name", "type", "scaling", "gpu", "workers") if name not in body
    ]
    if image is not None:
        body["image"] = image
    problems += _image(body.get("image"))
    if vram_gb is not None and isinstance(body.get("gpu"), dict):
        try:
            body["gpu"] |= {"pools": [pool_for(vram_gb)], "excludedTypes": []}
        except ValueError as error:
            problems.append(str(error))
    given = body.pop("env", {})
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise TemplateRefused([*problems, f"{path}: env must map names to texts"])
    if problems:
        raise TemplateRefused(problems)
    env, lacking = _filled(given, environ)
    return Template(body=body, env={**env, "WORKER_IMAGE": str(body["image"])}, lacking=tuple(lacking))


def pool_for(vram_gb: int) -> str:
    """The cheapest pool whose GPUs have this much memory. Raises ValueError where there is none."""
    fitting = [(price, pool) for pool, (memory, price, _) in POOLS.items() if memory >= vram_gb]
    if not fitting:
        raise ValueError(f"no pool has {vram_gb} GB; the largest has {max(memory for memory, _, _ in POOLS.values())}")
    return min(fitting)[1]


def _image(image: object) -> list[str]:
    if not isinstance(image, str) or not image:
        return ["image is missing: the worker image that you pushed"]
    if image.startswith(PLACEHOLDER):
        return ["image is still the placeholder: give yours with --image registry/imgvid-worker:1.2.3"]
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    if "@sha256:" not in image and tag in {"", "latest"}:
        return [f"{image}: name a version; hosts keep an old `latest` and mix it with the new one"]
    return []


def _filled(given: Mapping[str, str], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    env: dict[str, str] = {}
    lacking: list[str] = []
    for name, value in given.items():
        if not value.startswith("$"):
            env[name] = value
            continue
        wanted = value[1:].removesuffix("?")
        if environ.get(wanted):
            env[name] = environ[wanted]
        elif not value.endswith("?"):
            lacking.append(name)
    return env, lacking
