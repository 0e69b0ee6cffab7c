"""What the browser does to texts while it queues: dynamic prompts and the placeholders of file names.

`{a|b}` picks one by chance, which would make two pictures of one file: such a text is refused. A single choice in braces,
comments and escaped braces are resolved as the browser does. `%date:...%` stays (it would freeze today's date into the
file), `%Node.widget%` takes that widget's value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_COMMENT = re.compile(r"/\*[\s\S]*?\*/|//.*")
_ESCAPED = re.compile(r"\\([{}|])")
_PLACEHOLDER = re.compile(r"%([^%]+)%")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1F\x7F]')

# Classes whose filename_prefix the browser fills in.
SAVERS = frozenset(
    {
        "SaveImage",
        "SaveImageAdvanced",
        "SaveSVGNode",
        "SaveVideo",
        "SaveAnimatedWEBP",
        "SaveWEBM",
        "SaveAudio",
        "SaveAudioMP3",
        "SaveAudioOpus",
        "SaveAudioAdvanced",
        "SaveGLB",
        "Save3DAdvanced",
        "SaveGaussianSplat",
        "SavePointCloud",
        "SaveAnimatedPNG",
        "CLIPSave",
        "VAESave",
        "ModelSave",
        "LoraSave",
        "SaveLatent",
    }
)


class ByChance(ValueError):
    """The text has a choice that the browser makes by chance."""


def plain_prompt(text: str) -> str:
    """The text without comments and braces. Raises ByChance where more than one choice is given."""
    text = _COMMENT.sub("", text)
    result: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        if char == "\\":
            result.append(text[index - 1 : index + 1])
            index += 1
        elif char == "{":
            inner, index = _single_choice(text, index)
            result.append(plain_prompt(inner))
        else:
            result.append(char)
    return _ESCAPED.sub(r"\1", "".join(result))


def _single_choice(text: str, start: int) -> tuple[str, int]:
    """What stands between a brace and the one that closes it, and the index behind that."""
    depth, index = 0, start
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif char == "{":
            depth += 1
        elif char == "}" and depth == 0:
            return text[start:index], index + 1
        elif char == "}":
            depth -= 1
        elif char == "|" and depth == 0:
            raise ByChance
        index += 1
    return text[start:], len(text)


def as_browser_text(value: object) -> str:
    """A value as the browser writes it into a text: `true`, `1` for 1.0, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def plain_prefix(text: str, value_of: Callable[[str, str], str | None]) -> str:
    """A file name prefix with `%Node.widget%` replaced; `value_of(node, widget)` is None where there is no such widget."""

    def replaced(match: re.Match[str]) -> str:
        parts = match.group(1).split(".")
        if len(parts) != 2:
            return match.group(0)
        value = value_of(parts[0], parts[1])
        return match.group(0) if value is None else _UNSAFE.sub("_", value)

    return _PLACEHOLDER.sub(replaced, text)
