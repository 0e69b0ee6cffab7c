"""What can be made: one TOML file per generation mode, read by bot, worker, api and docs alike."""

from imgvid.catalog.mode import InputRule, Mode, load_mode, modes

__all__ = ["InputRule", "Mode", "load_mode", "modes"]
