"""What can be made: one TOML file per generation mode, read by bot, worker, dispatcher, api and docs alike."""

from imgvid.catalog.mode import Group, InputRule, Makes, Mode
from imgvid.catalog.read import CatalogError, load_mode, modes

__all__ = ["CatalogError", "Group", "InputRule", "Makes", "Mode", "load_mode", "modes"]
