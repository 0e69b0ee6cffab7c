"""Request bodies: JSON whatever the content type says, as the worker sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping


def read_object(raw: bytes) -> Mapping[str, object] | None:
    """The JSON object, or None for anything else."""
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
