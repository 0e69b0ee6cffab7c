"""What the bot says about itself: commands, name, descriptions, menu button; by scope and language."""

from __future__ import annotations

import re

from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_object, as_text
from imgvid.sandbox.telegram.methods.call import Call, Method, Run
from imgvid.sandbox.telegram.world import World

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
MAX_COMMANDS = 100
MAX_COMMAND_TEXT = 256
# https://core.telegram.org/bots/api#setmyname and its sisters: most characters
_LIMITS = {"name": 64, "description": 512, "short_description": 120}


def _language(call: Call) -> str:
    language = call.params.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad("LANG_CODE_INVALID")
    return language


def _key(call: Call) -> tuple[str, str]:
    return call.world.menus.scope_key(call.params.mapping("scope")), _language(call)


async def set_my_commands(call: Call) -> object:
    given = call.params.array("commands")
    if given is None:
        raise bad("can't parse commands JSON object")
    if len(given) > MAX_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    commands: list[JsonObject] = []
    for item in given:
        one = as_object(item) or {}
        name, text = as_text(one.get("command")).removeprefix("/"), as_text(one.get("description"))
        if not _COMMAND.fullmatch(name):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(text) <= MAX_COMMAND_TEXT:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        commands.append({"command": name, "description": text})
    call.world.menus.commands[_key(call)] = commands
    return True


async def get_my_commands(call: Call) -> object:
    return call.world.menus.commands.get(_key(call), [])


async def delete_my_commands(call: Call) -> object:
    call.world.menus.commands.pop(_key(call), None)
    return True


def _table(world: World, field: str) -> dict[str, str]:
    menus = world.menus
    return {"name": menus.names, "description": menus.descriptions, "short_description": menus.short_descriptions}[
        field
    ]


def _setter(field: str) -> Run:
    async def run(call: Call) -> object:
        text = call.params.text(field)
        if len(text) > _LIMITS[field]:
            raise bad(f"BOT_{'TITLE' if field == 'name' else field.upper()}_INVALID")
        table, language = _table(call.world, field), _language(call)
        if text:
            table[language] = text
        else:
            table.pop(language, None)
        return True

    return run


def _getter(field: str) -> Run:
    async def run(call: Call) -> object:
        table = _table(call.world, field)
        fallback = call.world.bot.first_name if field == "name" else ""
        return {field: table.get(_language(call)) or table.get("") or fallback}

    return run


async def set_chat_menu_button(call: Call) -> object:
    button = call.params.mapping("menu_button") or {"type": "default"}
    if button.get("type") not in {"default", "commands", "web_app"}:
        raise bad("can't parse menu button: invalid type specified")
    call.world.menus.buttons[call.params.chat_id] = button
    return True


async def get_chat_menu_button(call: Call) -> object:
    buttons = call.world.menus.buttons
    return buttons.get(call.params.chat_id) or buttons.get(None) or {"type": "commands"}


METHODS = [
    Method(name="setMyCommands", run=set_my_commands),
    Method(name="getMyCommands", run=get_my_commands),
    Method(name="deleteMyCommands", run=delete_my_commands),
    *(
        method
        for field, name in (("name", "Name"), ("description", "Description"), ("short_description", "ShortDescription"))
        for method in (
            Method(name=f"setMy{name}", run=_setter(field)),
            Method(name=f"getMy{name}", run=_getter(field)),
        )
    ),
    Method(name="setChatMenuButton", run=set_chat_menu_button),
    Method(name="getChatMenuButton", run=get_chat_menu_button),
]
