"""`imgvid jobs list | show | replay`: the queue as an operator sees it.

Reading order: command, listing (the table; pure), story (one job's whole story; pure), replay (the same job once more),
recipe (were the frames the same, and what differed; pure).
"""

from imgvid.ops.jobs.command import main

__all__ = ["main"]
