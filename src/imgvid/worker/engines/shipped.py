"""Hashes of the graphs in worker_image/workflows: any other graph is the operator's own. A test holds the two together."""

SHIPPED: frozenset[str] = frozenset({"c95d1d9526f6414af793778ee2fdd4752a3e125afe9ddf575de84df9650074a7"})
