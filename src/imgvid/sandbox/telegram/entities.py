"""Formatted text: HTML as the Bot API parses it, and what it finds by itself (commands, mentions, links).

Offsets and lengths are UTF-16 code units (https://core.telegram.org/bots/api#messageentity). MarkdownV2 and the old
Markdown are in `markdown.py`.
"""

from __future__ import annotations

import html
import re

from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_list, as_object, loads

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_TOKEN = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\s[^<>]*)?)>|<|[^<]+")
_ATTRIBUTE = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
_FOUND = (
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z0-9_]{3,32}\b")),
    ("url", re.compile(r"https?://[^\s<>\"]+")),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
)
Formatted = tuple[str, tuple[JsonObject, ...]]


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def entity(kind: str, offset: int, length: int, **more: object) -> JsonObject:
    return {"type": kind, "offset": offset, "length": length, **more}


def finish(text: str, entities: list[JsonObject]) -> Formatted:
    """Trim the ends as the server does, keep the entities inside, add the ones it finds by itself, sort."""
    trimmed = text.rstrip()
    start = units(trimmed) - units(trimmed.lstrip())
    trimmed = trimmed.lstrip()
    end = units(trimmed)
    kept: list[JsonObject] = []
    for item in entities:
        first = max(0, (as_int(item["offset"]) or 0) - start)
        last = min(end, (as_int(item["offset"]) or 0) + (as_int(item["length"]) or 0) - start)
        if last > first:
            kept.append({**item, "offset": first, "length": last - first})
    kept += _found(trimmed)
    return trimmed, tuple(sorted(kept, key=lambda item: (as_int(item["offset"]) or 0, -(as_int(item["length"]) or 0))))


def _found(text: str) -> list[JsonObject]:
    if not any(sign in text for sign in "/@#"):
        return []
    return [
        entity(kind, units(text[: hit.start()]), units(hit.group()))
        for kind, pattern in _FOUND
        for hit in pattern.finditer(text)
    ]


def parse_given(text: str, given: object) -> Formatted:
    """Text with the entities that the caller named (`entities`, `caption_entities`; JSON or its text)."""
    if isinstance(given, str):
        try:
            given = loads(given) if given else []
        except ValueError:
            raise bad("can't parse entities JSON object") from None
    listed = as_list(given) if given is not None else []
    if listed is None:
        raise bad("can't parse entities JSON object")
    entities: list[JsonObject] = []
    for item in listed:
        one = as_object(item)
        if one is None or "type" not in one or as_int(one.get("offset")) is None or as_int(one.get("length")) is None:
            raise bad("can't parse MessageEntity: expected an Object")
        entities.append({key: value for key, value in one.items() if value is not None})
    return finish(text, entities)


def parse_html(source: str) -> Formatted:
    """Text and entities of Bot API HTML. Raises ApiError `can't parse entities: …` as the server words it."""
    text, done = "", list[JsonObject]()
    opened: list[tuple[str, int, JsonObject]] = []
    position = 0
    for token in _TOKEN.finditer(source):
        piece, (closing, tag, rest) = token.group(), token.groups()
        at = len(source[: token.start()].encode())
        if tag is None:
            if piece == "<":
                raise bad(f"can't parse entities: Unexpected end tag at byte offset {at}")
            plain = html.unescape(piece)
            text += plain
            position += units(plain)
        elif closing:
            _close(tag.lower(), opened, done, position, at)
        else:
            opened.append((tag.lower(), position, _open(tag.lower(), rest, at)))
    if opened:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return finish(text, done)


def _open(tag: str, rest: str, at: int) -> JsonObject:
    """What the opening tag says beside its type."""
    if tag not in _TAGS:
        raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {at}')
    attributes = {
        name.lower(): html.unescape(quoted or single or bare) for name, quoted, single, bare in _ATTRIBUTE.findall(rest)
    }
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise bad(f'can\'t parse entities: Tag "span" must have class "tg-spoiler" at byte offset {at}')
    match tag:
        case "a":
            return {"type": "text_link", "url": attributes.get("href", "")}
        case "blockquote" if "expandable" in attributes:
            return {"type": "expandable_blockquote"}
        case "tg-emoji":
            return {"type": "custom_emoji", "custom_emoji_id": attributes.get("emoji-id", "")}
        case "code" if attributes.get("class", "").startswith("language-"):
            return {"type": "pre", "language": attributes["class"].removeprefix("language-")}
        case _:
            return {"type": _TAGS[tag]}


def _close(tag: str, opened: list[tuple[str, int, JsonObject]], done: list[JsonObject], position: int, at: int) -> None:
    if not opened:
        raise bad(f"can't parse entities: Unexpected end tag at byte offset {at}")
    expected, start, head = opened.pop()
    if expected != tag:
        raise bad(
            f'can\'t parse entities: Unmatched end tag at byte offset {at}, expected "</{expected}>", found "</{tag}>"'
        )
    if position > start and not (head["type"] == "text_link" and not head.get("url")):
        done.append({**head, "offset": start, "length": position - start})
