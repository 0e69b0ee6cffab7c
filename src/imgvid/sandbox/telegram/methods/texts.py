"""Text and caption of a request: parse mode or entities, and the limits after parsing."""

from __future__ import annotations

from imgvid.sandbox.telegram import errors
from imgvid.sandbox.telegram.entities import Formatted, parse_given, parse_html
from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_text
from imgvid.sandbox.telegram.markdown import parse_markdown

MAX_TEXT = 4096  # characters after entity parsing: https://core.telegram.org/bots/api#sendmessage
MAX_CAPTION = 1024


def formatted(source: str, parse_mode: str, entities: object) -> Formatted:
    match parse_mode.casefold():
        case "html":
            return parse_html(source)
        case "markdownv2":
            return parse_markdown(source)
        case "markdown":
            return parse_markdown(source, old=True)
        case "":
            return parse_given(source, entities)
        case _:
            raise bad("unsupported parse_mode")


def message_text(fields: JsonObject) -> Formatted:
    """The text of sendMessage and editMessageText. Raises ApiError when empty or above 4096 characters."""
    text, entities = formatted(as_text(fields.get("text")), as_text(fields.get("parse_mode")), fields.get("entities"))
    if not text:
        raise bad(errors.TEXT_EMPTY)
    if len(text) > MAX_TEXT:
        raise bad(errors.TEXT_TOO_LONG)
    return text, entities


def caption(fields: JsonObject) -> Formatted:
    """The caption of a request or of an InputMedia. Raises ApiError above 1024 characters."""
    source, mode = as_text(fields.get("caption")), as_text(fields.get("parse_mode"))
    text, entities = formatted(source, mode, fields.get("caption_entities"))
    if len(text) > MAX_CAPTION:
        raise bad(errors.CAPTION_TOO_LONG)
    return text, entities
