"""Every method by its name, which is not case-sensitive."""

from __future__ import annotations

from imgvid.sandbox.telegram.methods import editing, looking, paying, presenting, receiving, sending, touching
from imgvid.sandbox.telegram.methods.call import Method

METHODS: dict[str, Method] = {
    method.name.casefold(): method
    for room in (receiving, looking, sending, editing, touching, presenting, paying)
    for method in room.METHODS
}
