"""MarkdownV2 and the old Markdown of the Bot API (https://core.telegram.org/bots/api#formatting-options).

Nested bold, italic, underline, strikethrough, spoiler, code, pre and links. A reserved character that is not escaped is
refused, which is the mistake that a bot really makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from imgvid.sandbox.telegram.entities import Formatted, finish, units
from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject

_RESERVED = set("_*[]()~`>#+-=|{}.!")
_MARKS_V2 = (("||", "spoiler"), ("__", "underline"), ("*", "bold"), ("_", "italic"), ("~", "strikethrough"))
_MARKS_OLD = (("*", "bold"), ("_", "italic"))


@dataclass(slots=True)
class _Writer:
    source: str
    text: str = ""
    position: int = 0
    at: int = 0
    done: list[JsonObject] = field(default_factory=list)
    opened: list[tuple[str, str, int]] = field(default_factory=list)  # mark, entity type, start

    def write(self, piece: str) -> None:
        self.text += piece
        self.position += units(piece)

    def starts(self, mark: str) -> bool:
        return self.source.startswith(mark, self.at)

    @property
    def byte(self) -> int:
        return len(self.source[: self.at].encode())


def parse_markdown(source: str, *, old: bool = False) -> Formatted:
    """Text and entities. Raises ApiError `can't parse entities: …` as the server words it."""
    writer = _Writer(source)
    while writer.at < len(source):
        if not (_escape(writer, old=old) or _code(writer) or _mark(writer, old=old) or _link(writer)):
            char = source[writer.at]
            if not old and char in _RESERVED:
                raise bad(
                    f"can't parse entities: Character '{char}' is reserved and must be escaped with the preceding '\\'"
                )
            writer.write(char)
            writer.at += 1
    if writer.opened:
        _, kind, _ = writer.opened[-1]
        raise bad(f"can't parse entities: Can't find end of {kind.capitalize()} entity at byte offset {writer.byte}")
    return finish(writer.text, writer.done)


def _escape(writer: _Writer, *, old: bool) -> bool:
    following = writer.source[writer.at + 1 : writer.at + 2]
    if not writer.starts("\\") or not following or not (following in "_*`[" if old else ord(following) < 127):
        return False
    writer.write(following)
    writer.at += 2
    return True


def _code(writer: _Writer) -> bool:
    for fence, kind in (("```", "pre"), ("`", "code")):
        if not writer.starts(fence):
            continue
        end = writer.source.find(fence, writer.at + len(fence))
        if end < 0:
            raise bad(
                f"can't parse entities: Can't find end of {kind.capitalize()} entity at byte offset {writer.byte}"
            )
        inside = writer.source[writer.at + len(fence) : end].replace("\\`", "`").replace("\\\\", "\\")
        head: JsonObject = {"type": kind}
        if kind == "pre" and "\n" in inside:
            language, inside = inside.split("\n", 1)
            head |= {"language": language} if language else {}
        start = writer.position
        writer.write(inside)
        writer.done.append({**head, "offset": start, "length": writer.position - start})
        writer.at = end + len(fence)
        return True
    return False


def _mark(writer: _Writer, *, old: bool) -> bool:
    for mark, kind in _MARKS_OLD if old else _MARKS_V2:
        if not writer.starts(mark):
            continue
        writer.at += len(mark)
        if writer.opened and writer.opened[-1][0] == mark:
            _, _, start = writer.opened.pop()
            if writer.position > start:
                writer.done.append({"type": kind, "offset": start, "length": writer.position - start})
        else:
            writer.opened.append((mark, kind, writer.position))
        return True
    return False


def _link(writer: _Writer) -> bool:
    if writer.starts("["):
        writer.opened.append(("[", "text_link", writer.position))
        writer.at += 1
        return True
    if not (writer.starts("](") and writer.opened and writer.opened[-1][0] == "["):
        return False
    end = writer.source.find(")", writer.at)
    if end < 0:
        raise bad("can't parse entities: Can't find end of a URL")
    _, kind, start = writer.opened.pop()
    url = writer.source[writer.at + 2 : end].replace("\\", "")
    writer.done.append({"type": kind, "offset": start, "length": writer.position - start, "url": url})
    writer.at = end + 1
    return True
