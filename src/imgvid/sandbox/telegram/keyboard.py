"""reply_markup: inline keyboards with their limits, and the other kinds, which make a message uneditable."""

from __future__ import annotations

from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_list, as_object, as_text, loads
from imgvid.sandbox.telegram.model import Markup

MAX_CALLBACK_BYTES = 64  # https://core.telegram.org/bots/api#inlinekeyboardbutton
MAX_BUTTONS = 100
_ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_STYLES = {"danger", "success", "primary"}


def parse_markup(given: object) -> Markup | None:
    """The markup in a request: None where there is none or an empty keyboard. Raises ApiError."""
    if given is None or given == "":
        return None
    if isinstance(given, str):
        try:
            given = loads(given)
        except ValueError:
            raise bad("can't parse reply keyboard markup JSON object") from None
    markup = as_object(given)
    if markup is None:
        raise bad("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return Markup(inline=False) if markup else None
    rows = as_list(markup["inline_keyboard"])
    if rows is None:
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array')
    parsed = tuple(row for row in (_row(item) for item in rows) if row)
    if sum(len(row) for row in parsed) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    return Markup(rows=parsed) if parsed else None


def _row(given: object) -> tuple[JsonObject, ...]:
    row = as_list(given)
    if row is None:
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    return tuple(_button(item) for item in row)


def _button(given: object) -> JsonObject:
    button = as_object(given)
    if button is None:
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    button = {key: value for key, value in button.items() if value is not None}
    text = as_text(button.get("text"))
    if not text.strip():
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must have non-empty text")
    if not any(action in button for action in _ACTIONS):
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button:
        data = as_text(button["callback_data"])
        if not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    if "url" in button and "://" not in as_text(button["url"]) and "." not in as_text(button["url"]):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if "style" in button and button["style"] not in _STYLES:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    return button
