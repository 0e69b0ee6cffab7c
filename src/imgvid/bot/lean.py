"""aiogram without the 105 MiB of validators that a bot never uses.

`aiogram.types` builds the validators of all its 440 models on import, each with its own copy of what it refers to: 105 of
165 MiB and 1.9 of 2.5 s (measured, aiogram 3.31, pydantic 2.13). The models are declared to be built on first use
(`defer_build`), so on import we only keep the names that they need for that; pydantic's own first-use rebuild then finds
them. Importing this module before anything of aiogram is all there is to it; where aiogram is already there, nothing changes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

_names: dict[str, Any] = {}
_BaseModel: Any = BaseModel  # what follows replaces a method, which a type checker rightly refuses
_rebuild: Callable[..., bool | None] = _BaseModel.model_rebuild.__func__


def _note_names(_cls: Any, /, *, _types_namespace: Mapping[str, Any] | None = None, **_options: Any) -> None:
    """What aiogram calls on import, for each model: remember its names, build nothing."""
    _names.update(_types_namespace or {})


def _rebuild_with_names(cls: Any, /, **options: Any) -> bool | None:
    """`BaseModel.model_rebuild`, which finds aiogram's names when pydantic calls it on first use."""
    return _rebuild(cls, **{"_types_namespace": _names, **options})


def _import_aiogram() -> None:
    _BaseModel.model_rebuild = classmethod(_note_names)
    try:
        importlib.import_module("aiogram")
    finally:
        _BaseModel.model_rebuild = classmethod(_rebuild)
    bases: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("aiogram.types", ("TelegramObject",)),
        ("aiogram.methods", ("TelegramMethod", "Response")),
    )
    for module, names in bases:
        for name in names:
            getattr(importlib.import_module(module), name).model_rebuild = classmethod(_rebuild_with_names)


if "aiogram" not in sys.modules:
    _import_aiogram()
