"""Hashes of the graphs in worker_image/workflows: any other graph is the operator's own. A test holds the two together."""

SHIPPED: frozenset[str] = frozenset()
