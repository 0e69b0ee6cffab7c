"""A message as a watcher sees it: the control API's JSON, parsed once at the border."""

from __future__ import annotations

from dataclasses import dataclass

from imgvid.sandbox.telegram.jsons import JsonObject, as_float, as_int, as_list, as_object, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    text: str
    data: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that a message shows. `audio` is None where nobody looked (it is no video)."""

    kind: str
    url: str
    bytes: int
    mime_type: str
    file_name: str | None
    width: int
    height: int
    duration: float
    audio: bool | None
    spoiler: bool
    file_id: str
    file_unique_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One version of a message: what it showed since `at` (ISO time), and by which method it came."""

    at: str
    method: str
    kind: str
    text: str
    media: Media | None
    buttons: tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message now, with its whole history; `deleted` and `edited` are ISO times or None."""

    chat_id: int
    message_id: int
    by: str
    kind: str
    text: str
    media: Media | None
    buttons: tuple[tuple[Button, ...], ...]
    reply_to: int | None
    media_group_id: str | None
    date: str
    edited: str | None
    deleted: str | None
    reactions: tuple[str, ...]
    history: tuple[Step, ...]
    raw: JsonObject

    @property
    def alive(self) -> bool:
        return self.deleted is None

    def button(self, wanted: str) -> Button | None:
        """The button with this callback data, or this text, or a text that contains it."""
        buttons = [button for row in self.buttons for button in row]
        for fits in (
            lambda button: button.data == wanted,
            lambda button: button.text == wanted,
            lambda button: wanted in button.text,
        ):
            found = next(filter(fits, buttons), None)
            if found is not None:
                return found
        return None


def shown_of(raw: JsonObject) -> Shown:
    """Parse a Message of the control API."""
    reactions = [as_object(item) or {} for item in as_list(raw["reactions"]) or []]
    history = [as_object(item) or {} for item in as_list(raw["history"]) or []]
    return Shown(
        chat_id=as_int(raw["chat_id"]) or 0,
        message_id=as_int(raw["message_id"]) or 0,
        by=as_text(raw["by"]),
        kind=as_text(raw["kind"]),
        text=as_text(raw["text"]),
        media=_media(raw["media"]),
        buttons=_buttons(raw["buttons"]),
        reply_to=as_int(raw["reply_to"]),
        media_group_id=as_text(raw["media_group_id"]) or None,
        date=as_text(raw["date"]),
        edited=as_text(raw["edited"]) or None,
        deleted=as_text(raw["deleted"]) or None,
        reactions=tuple(as_text(item.get("emoji")) for item in reactions),
        history=tuple(_step(item) for item in history),
        raw=raw,
    )


def _step(raw: JsonObject) -> Step:
    return Step(
        at=as_text(raw["at"]),
        method=as_text(raw["method"]),
        kind=as_text(raw["kind"]),
        text=as_text(raw["text"]),
        media=_media(raw["media"]),
        buttons=_buttons(raw["buttons"]),
    )


def _media(given: object) -> Media | None:
    raw = as_object(given)
    if raw is None:
        return None
    audio = raw["audio"]
    return Media(
        kind=as_text(raw["kind"]),
        url=as_text(raw["url"]),
        bytes=as_int(raw["bytes"]) or 0,
        mime_type=as_text(raw["mime_type"]),
        file_name=as_text(raw["file_name"]) or None,
        width=as_int(raw["width"]) or 0,
        height=as_int(raw["height"]) or 0,
        duration=as_float(raw["duration"]) or 0.0,
        audio=audio if isinstance(audio, bool) else None,
        spoiler=raw["spoiler"] is True,
        file_id=as_text(raw["file_id"]),
        file_unique_id=as_text(raw["file_unique_id"]),
    )


def _buttons(given: object) -> tuple[tuple[Button, ...], ...]:
    rows = [as_list(row) or [] for row in as_list(given) or []]
    return tuple(tuple(_button(as_object(item) or {}) for item in row) for row in rows)


def _button(raw: JsonObject) -> Button:
    return Button(
        text=as_text(raw.get("text")), data=as_text(raw.get("data")) or None, url=as_text(raw.get("url")) or None
    )
