"""Small signs: chat actions, reactions, answers to button presses."""

from __future__ import annotations

from imgvid.sandbox.telegram import errors
from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import as_object, as_text
from imgvid.sandbox.telegram.methods.call import Call, Method
from imgvid.sandbox.telegram.updates import QUERY_LIFE

MAX_ANSWER = 200  # https://core.telegram.org/bots/api#answercallbackquery
ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
# https://core.telegram.org/bots/api#reactiontypeemoji
_EMOJI = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 "
    "🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡"
)
EMOJI = frozenset(_EMOJI.split())


async def send_chat_action(call: Call) -> object:
    action = call.params.text("action").casefold()
    chat = call.world.chat_for_bot(call.params.fields.get("chat_id"))
    if action not in ACTIONS:
        raise bad("wrong parameter action in request")
    call.world.act(chat, action)
    return True


async def set_message_reaction(call: Call) -> object:
    """One reaction per message for a bot; an empty list takes it back."""
    world = call.world
    chat = world.chat_for_bot(call.params.fields.get("chat_id"))
    message = world.living(chat, call.params.message_id, "message to react not found")
    call.message_id = message.id
    given = call.params.array("reaction") or []
    if len(given) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emoji: list[str] = []
    for item in given:
        reaction = as_object(item) or {}
        chosen = as_text(reaction.get("emoji"))
        if reaction.get("type") != "emoji" or chosen not in EMOJI:
            raise bad("REACTION_INVALID")
        emoji.append(chosen)
    world.react(message, world.bot, tuple(emoji))
    return True


async def answer_callback_query(call: Call) -> object:
    """Once, and within 150 s of the press."""
    world = call.world
    callback = world.callbacks.get(call.params.text("callback_query_id"))
    if callback is None or callback.answered or world.now() - callback.at > QUERY_LIFE:
        raise bad(errors.QUERY_TOO_OLD)
    text = call.params.text("text")
    if len(text) > MAX_ANSWER:
        raise bad("MESSAGE_TOO_LONG")
    callback.answered, callback.text, callback.alert = True, text, call.params.flag("show_alert")
    call.message_id = callback.message_id
    world.feed.emit(
        "callback_answer",
        callback.chat_id,
        lambda: {
            "callback_query_id": callback.id,
            "message_id": callback.message_id,
            "text": callback.text,
            "alert": callback.alert,
        },
    )
    return True


METHODS = [
    Method(name="sendChatAction", run=send_chat_action),
    Method(name="setMessageReaction", run=set_message_reaction),
    Method(name="answerCallbackQuery", run=answer_callback_query),
]
