"""What the Bot API answers when it does not do as asked: the descriptions are the contract, word for word.

Sources: tdlib/telegram-bot-api Client.cpp (`fail_query_with_error`, `check_chat_access`) and tdlib/td MessagesManager.cpp.
A description carries its prefix; text that came from TDLib is lower-cased in its first letter unless it is a constant.
"""

from __future__ import annotations

from imgvid.sandbox.telegram.jsons import JsonObject

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
EDIT_NOT_FOUND = "message to edit not found"
DELETE_NOT_FOUND = "message to delete not found"
CANT_BE_EDITED = "message can't be edited"
MEDIA_CANT_BE_EDITED = "message media can't be edited"
NO_TEXT = "there is no text in the message to edit"
NO_CAPTION = "there is no caption in the message to edit"
CANCELED_BY_NEW_EDIT = "canceled by new edit message request"
DELETED_MEANWHILE = "message was deleted"
REPLY_NOT_FOUND = "message to be replied not found"
CHAT_NOT_FOUND = "chat not found"
UPGRADED = "group chat was upgraded to a supergroup chat"
FILE_TOO_BIG = "file is too big"
FILE_UNAVAILABLE = "wrong file_id or the file is temporarily unavailable"
INVALID_FILE_ID = "invalid file_id"
WRONG_FILE = "wrong file identifier/HTTP URL specified"
URL_FAILED = "failed to get HTTP URL content"
MEDIA_NOT_FOUND = "can't parse InputMedia: media not found"
MEDIA_NOT_JSON = "can't parse input media JSON object"
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
TEXT_EMPTY = "message text is empty"
TEXT_TOO_LONG = "message is too long"
CAPTION_TOO_LONG = "message caption is too long"

WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
BY_SET_WEBHOOK = "Conflict: terminated by setWebhook request"


class ApiError(Exception):
    """A refusal: HTTP `status` equals `error_code`; `parameters` as in ResponseParameters."""

    def __init__(self, status: int, description: str, parameters: JsonObject | None = None) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.parameters = parameters


def bad(text: str) -> ApiError:
    return ApiError(400, f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    return ApiError(403, f"Forbidden: {text}")


def too_many(retry_after_s: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after_s}", {"retry_after": retry_after_s})


def upgraded(chat_id: int) -> ApiError:
    return ApiError(400, f"Bad Request: {UPGRADED}", {"migrate_to_chat_id": chat_id})


class Impossible(Exception):
    """The control API was asked for what cannot be: `status` 400, 404 or 409, and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
