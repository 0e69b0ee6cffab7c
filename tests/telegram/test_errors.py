"""Every answer of facts/telegram.md 1.5 is judged by what may be concluded."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from imgvid.telegram import errors
from imgvid.telegram.errors import Answer, result_of


def _judged(
    status: int, description: str, *, header: str | None = None, parameters: dict[str, int] | None = None
) -> errors.TelegramError:
    body = {"ok": False, "error_code": status, "description": description}
    if parameters is not None:
        body["parameters"] = parameters
    answer = Answer(method="m", status=status, body=json.dumps(body).encode(), retry_after_header=header)
    with pytest.raises(errors.TelegramError) as caught:
        result_of(answer)
    return caught.value


def _foreign(status: int, body: bytes, header: str | None = None) -> errors.TelegramError:
    with pytest.raises(errors.TelegramError) as caught:
        result_of(Answer(method="m", status=status, body=body, retry_after_header=header))
    return caught.value


@pytest.mark.parametrize(
    ("status", "description", "kind"),
    [
        (400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
              "as a current content and reply markup of the message", errors.NotModified),
        (400, "Bad Request: message to edit not found", errors.MessageGone),
        (400, "Bad Request: message was deleted", errors.MessageGone),
        (400, "Bad Request: message to delete not found", errors.MessageGone),
        (400, "Bad Request: MESSAGE_ID_INVALID", errors.MessageGone),
        (400, "Bad Request: message can't be edited", errors.NotEditable),
        (400, "Bad Request: message media can't be edited", errors.NotEditable),
        (400, "Bad Request: message can't be deleted for everyone", errors.NotDeletable),
        (400, "Bad Request: there is no text in the message to edit", errors.NoText),
        (400, "Bad Request: there is no caption in the message to edit", errors.NoCaption),
        (400, "Bad Request: canceled by new edit message request", errors.Superseded),
        (400, "Bad Request: Canceled By New Edit Message Request", errors.Superseded),
        (400, "Bad Request: chat not found", errors.ChatGone),
        (400, "Bad Request: chat_id is empty", errors.ChatGone),
        (400, "Bad Request: file is too big", errors.FileTooBig),
        (400, "Bad Request: invalid file_id", errors.FileUnavailable),
        (400, "Bad Request: wrong file_id or the file is temporarily unavailable", errors.FileUnavailable),
        (400, "Bad Request: wrong file identifier/HTTP URL specified", errors.FileUnavailable),
        (400, "Bad Request: wrong remote file identifier specified: can't unserialize it", errors.FileUnavailable),
        (400, "Bad Request: message thread not found", errors.TopicGone),
        (400, "Bad Request: message caption is too long", errors.Refused),
        (403, "Forbidden: bot was blocked by the user", errors.ChatGone),
        (403, "Forbidden: user is deactivated", errors.ChatGone),
        (403, "Forbidden: bot can't initiate conversation with a user", errors.ChatGone),
        (403, "Forbidden: bot was kicked from the supergroup chat", errors.ChatGone),
        (403, "Forbidden: bot is not a member of the channel chat", errors.ChatGone),
        (403, "Forbidden: the group chat was deleted", errors.ChatGone),
        (403, "Forbidden: a reason that we have never seen", errors.ChatGone),
        (401, "Unauthorized", errors.BadToken),
        (401, "Unauthorized: invalid token specified", errors.BadToken),
        (404, "Not Found: method not found", errors.BadToken),
        (413, "Request Entity Too Large", errors.UploadTooLarge),
        (500, "Internal Server Error: restart", errors.OutcomeUnknown),
        (502, "Bad Gateway", errors.OutcomeUnknown),
    ],
)  # fmt: skip
def test_descriptions(status: int, description: str, kind: type[errors.TelegramError]) -> None:
    error = _judged(status, description)
    assert type(error) is kind
    if isinstance(error, errors.Refused):
        assert error.description == description
        assert error.status == status


def test_only_a_temporary_file_may_be_tried_again() -> None:
    lost = _judged(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    gone = _judged(400, "Bad Request: invalid file_id")
    assert isinstance(lost, errors.FileUnavailable)
    assert isinstance(gone, errors.FileUnavailable)
    assert (lost.temporary, gone.temporary) == (True, False)


def test_a_migrated_group_tells_its_new_id() -> None:
    error = _judged(
        400, "Bad Request: group chat was upgraded to a supergroup chat", parameters={"migrate_to_chat_id": -1001}
    )
    assert isinstance(error, errors.ChatMigrated)
    assert error.new_chat_id == -1001


@pytest.mark.parametrize(
    ("parameters", "header", "description", "seconds"),
    [
        ({"retry_after": 7}, "9", "Too Many Requests: retry after 8", 7),
        (None, "9", "Too Many Requests: retry after 8", 9),
        (None, None, "Too Many Requests: retry after 8", 8),
        (None, None, "Too Many Requests", 5),
    ],
)
def test_how_long_a_flood_lasts(
    parameters: dict[str, int] | None, header: str | None, description: str, seconds: int
) -> None:
    error = _judged(429, description, header=header, parameters=parameters)
    assert isinstance(error, errors.Flood)
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html><h1>502 Bad Gateway</h1></html>", errors.OutcomeUnknown),
        (504, b"", errors.OutcomeUnknown),
        (413, b"<html>413</html>", errors.UploadTooLarge),
        (429, b"slow down", errors.Flood),
        (302, b"", errors.Unreachable),
        (403, b"<html>no</html>", errors.Unreachable),
        (404, b"<html>nothing here</html>", errors.Unreachable),
        (408, b"", errors.OutcomeUnknown),
        (200, b'{"ok": tru', errors.OutcomeUnknown),
        (200, b"[1, 2]", errors.OutcomeUnknown),
        (200, b'{"status": "fine"}', errors.OutcomeUnknown),
        (200, b"\xff\xfe", errors.OutcomeUnknown),
    ],
)
def test_what_the_bot_api_did_not_write(status: int, body: bytes, kind: type[errors.TelegramError]) -> None:
    assert type(_foreign(status, body)) is kind


def test_an_answer_is_its_result() -> None:
    assert result_of(Answer(method="m", status=200, body=b'{"ok": true, "result": {"id": 1}}')) == {"id": 1}


def test_the_codes_of_the_body_win_over_the_status() -> None:
    body = b'{"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}'
    assert type(_foreign(200, body)) is errors.ChatGone
