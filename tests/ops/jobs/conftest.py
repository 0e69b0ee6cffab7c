"""A world on real sockets for replays: the dispatcher's."""

from tests.dispatch.conftest import eva, world

__all__ = ["eva", "world"]
