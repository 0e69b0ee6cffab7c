from __future__ import annotations

from typing import Any

import pytest

from imgvid.bot.reading import Unusable, Usable, read_message
from tests.bot.messages import ME, PHOTO, document, message, raw

FILE = {"file_id": "f", "file_unique_id": "uf"}
STICKER = {**FILE, "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
PLACE = {"latitude": 48.1, "longitude": 17.1}


def test_of_a_photo_the_largest_size_is_taken() -> None:
    reading = read_message(message(photo=PHOTO, caption="waves", has_media_spoiler=True, media_group_id="9"), ME)
    assert isinstance(reading, Usable)
    assert (reading.picture.file_id, reading.picture.kind, reading.picture.has_spoiler) == ("y", "photo", True)
    assert (reading.prompt, reading.album, reading.picture.message_id) == ("waves", "9", 11)


def test_of_a_live_photo_the_photo_is_taken() -> None:
    reading = read_message(message(photo=PHOTO, live_photo={**FILE, "width": 9, "height": 9, "duration": 3}), ME)
    assert isinstance(reading, Usable)
    assert reading.picture.kind == "photo"


@pytest.mark.parametrize(
    ("mime_type", "name"),
    [
        ("image/jpeg", None),
        ("image/png", "x.bin"),
        ("image/webp", None),
        ("image/heic", "IMG_1.HEIC"),
        ("IMAGE/HEIF", None),
        (None, "IMG_1.HEIC"),
        ("application/octet-stream", "photo.JPG"),
    ],
)
def test_images_sent_as_files_are_taken(mime_type: str | None, name: str | None) -> None:
    reading = read_message(message(document=document(mime_type, name=name)), ME)
    assert isinstance(reading, Usable)
    assert reading.picture.kind == "document"


def test_a_still_sticker_is_a_picture() -> None:
    reading = read_message(message(sticker=STICKER), ME)
    assert isinstance(reading, Usable)
    assert reading.prompt is None


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"text": "make me a film"}, "reject-text"),
        ({"video": {**FILE, "width": 9, "height": 9, "duration": 3}}, "reject-video"),
        ({"video_note": {**FILE, "length": 240, "duration": 3}}, "reject-video-note"),
        ({"voice": {**FILE, "duration": 3}}, "reject-audio"),
        ({"audio": {**FILE, "duration": 3}}, "reject-audio"),
        (
            {"animation": {**FILE, "width": 9, "height": 9, "duration": 3}, "document": document("video/mp4")},
            "reject-animation",
        ),
        ({"sticker": {**STICKER, "is_animated": True}}, "reject-sticker"),
        ({"sticker": {**STICKER, "is_video": True}}, "reject-sticker"),
        ({"document": document("application/pdf", name="a.pdf")}, "reject-document"),
        ({"document": document("application/zip", name="photo.jpg")}, "reject-document"),
        ({"document": document("image/svg+xml")}, "reject-document"),
        ({"document": document("image/gif")}, "reject-animation"),
        ({"document": document("video/mp4")}, "reject-video"),
        ({"document": document("audio/ogg")}, "reject-audio"),
        ({"document": document(None)}, "reject-document"),
        ({"document": document("image/png", size=20 * 1024 * 1024 + 1)}, "reject-heavy"),
        ({"photo": [{**FILE, "width": 100, "height": 100}]}, "reject-small"),
        ({"photo": [{**FILE, "width": 2560, "height": 127}]}, "reject-ratio"),
        ({"photo": [{**FILE, "width": 9000, "height": 9000}]}, "reject-large"),
        ({"contact": {"phone_number": "1", "first_name": "E"}}, "reject-other"),
        ({"location": PLACE}, "reject-other"),
        ({"venue": {"location": PLACE, "title": "t", "address": "a"}, "location": PLACE}, "reject-other"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "reject-other"),
        (
            {
                "poll": {
                    "id": "1",
                    "question": "?",
                    "options": [],
                    "total_voter_count": 0,
                    "is_closed": False,
                    "is_anonymous": True,
                    "type": "regular",
                    "allows_multiple_answers": False,
                    "allows_revoting": False,
                    "members_only": False,
                }
            },
            "reject-other",
        ),
        ({"story": {"chat": {"id": 1, "type": "private"}, "id": 3}}, "reject-other"),
        ({"something_of_next_year": {"x": 1}}, "reject-other"),
    ],
)
def test_everything_else_is_named_by_what_to_send_instead(content: dict[str, Any], key: str) -> None:
    reading = read_message(message(**content), ME)
    assert isinstance(reading, Unusable)
    assert reading.key == key


@pytest.mark.parametrize(
    "content",
    [
        {"pinned_message": raw(text="x")},
        {"new_chat_title": "x"},
        {"left_chat_member": {"id": 1, "is_bot": False, "first_name": "x"}},
    ],
)
def test_service_messages_are_nothing(content: dict[str, Any]) -> None:
    assert read_message(message(**content), ME) is None


def test_text_in_reply_to_a_picture_is_a_picture_with_a_prompt() -> None:
    reading = read_message(message(text="she waves", reply_to_message=raw(photo=PHOTO, media_group_id="3")), ME)
    assert isinstance(reading, Usable)
    assert (reading.prompt, reading.picture.message_id, reading.album) == ("she waves", 5, None)


def test_text_in_reply_to_something_useless_says_what_is_wrong_with_it() -> None:
    reading = read_message(message(text="go", reply_to_message=raw(document=document("application/pdf"))), ME)
    assert reading == Unusable(key="reject-document")


def test_text_in_a_group_without_a_picture_explains_groups() -> None:
    assert read_message(message(group=True, text="hello"), ME) == Unusable(key="help-group")
