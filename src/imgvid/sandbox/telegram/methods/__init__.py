"""The Bot API's methods, one room a topic; `registry.py` lists them by name."""
