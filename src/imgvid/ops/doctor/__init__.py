"""`imgvid doctor`: is everything that an operator configured there, and does it fit together? It changes nothing."""

from imgvid.ops.doctor.command import main

__all__ = ["main"]
