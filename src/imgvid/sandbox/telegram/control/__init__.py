"""The control API under `/sim`; the package docstring of `imgvid.sandbox.telegram` is its reference."""
