"""What a bot says about itself: commands by scope and language, name, descriptions, menu buttons."""

from __future__ import annotations

from imgvid.sandbox.telegram.jsons import JsonObject, dumps, loads


class Menus:
    """Plain tables; "" is the language of everybody who has none of their own."""

    def __init__(self) -> None:
        self.commands: dict[tuple[str, str], list[JsonObject]] = {}  # (scope as JSON, language) -> commands
        self.names: dict[str, str] = {}
        self.descriptions: dict[str, str] = {}
        self.short_descriptions: dict[str, str] = {}
        self.buttons: dict[int | None, JsonObject] = {}  # chat id, None for the default

    @staticmethod
    def scope_key(scope: JsonObject | None) -> str:
        return dumps(dict(sorted((scope or {"type": "default"}).items())))

    def view(self) -> JsonObject:
        return {
            "commands": [
                {"scope": loads(scope), "language_code": language, "commands": commands}
                for (scope, language), commands in self.commands.items()
            ],
            "names": self.names,
            "descriptions": self.descriptions,
            "short_descriptions": self.short_descriptions,
            "menu_buttons": {str(chat or "default"): button for chat, button in self.buttons.items()},
        }
