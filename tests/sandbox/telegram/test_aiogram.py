"""The contract: aiogram 3 itself, unmodified, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatAction
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.filters import Command
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputMediaVideo,
    KeyboardButton,
    LabeledPrice,
    MenuButtonCommands,
    Message,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from imgvid.sandbox.telegram import Person, Sim

from .conftest import TOKEN
from .material import jpeg, mp4

KEYS = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Cancel", callback_data="cancel:1")]])


def aio_bot(url: str, token: str = TOKEN) -> Bot:
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url)))


@pytest.fixture
async def bot(url: str) -> AsyncIterator[Bot]:
    bot = aio_bot(url)
    yield bot
    await bot.session.close()


async def test_a_whole_job_through_a_dispatcher(bot: Bot, eva: Person) -> None:
    """Photo in, placeholder out, Cancel pressed and answered, the same message becomes the video."""
    dispatcher = Dispatcher(disable_fsm=True)
    placeholders: asyncio.Queue[Message] = asyncio.Queue()

    @dispatcher.message(Command("start"))
    async def start(message: Message) -> None:
        await message.answer("welcome")

    @dispatcher.message(F.photo)
    async def photo(message: Message) -> None:
        assert message.photo is not None
        best = max(message.photo, key=lambda size: size.width * size.height)
        data = await bot.download(best)
        assert data is not None
        assert data.read() == jpeg()
        await message.react([ReactionTypeEmoji(emoji="👀")])
        await placeholders.put(await message.reply(f"queued: {message.caption}", reply_markup=KEYS))

    @dispatcher.callback_query(F.data == "cancel:1")
    async def cancel(query: CallbackQuery) -> None:
        await query.answer("not now")

    polling = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, polling_timeout=5, handle_as_tasks=False)
    )
    await eva.bot_message(lambda message: message.text == "welcome")
    sent = await eva.send_photo(jpeg(), "waves")
    placeholder = await placeholders.get()
    assert placeholder.reply_to_message is not None
    assert placeholder.reply_to_message.message_id == sent.message_id
    press = await eva.press(placeholder.message_id, "Cancel")
    assert (await eva.answer(press))["text"] == "not now"
    await bot.send_chat_action(eva.chat_id, ChatAction.UPLOAD_VIDEO)
    media = InputMediaVideo(
        media=BufferedInputFile(mp4(), "out.mp4"),
        thumbnail=BufferedInputFile(jpeg(320, 192), "t.jpg"),
        cover=sent.media.file_id,  # type: ignore[union-attr]
        caption="<b>done</b>",
        parse_mode="HTML",
        width=160,
        height=96,
        duration=1,
        supports_streaming=True,
    )
    done = await bot.edit_message_media(
        media, chat_id=eva.chat_id, message_id=placeholder.message_id, reply_markup=KEYS
    )
    assert isinstance(done, Message)
    assert done.video is not None
    assert done.video.thumbnail is not None
    assert (done.video.width, done.caption) == (160, "done")
    shown = await eva.video()
    assert await eva.media(shown.message_id) == mp4()
    assert (await eva.message(sent.message_id)).reactions == ("👀",)
    await dispatcher.stop_polling()
    await polling


async def test_errors_become_aiograms_own(bot: Bot, url: str, sim: Sim, eva: Person) -> None:
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("x", chat_id=eva.chat_id, message_id=99)
    await sim.fault("429", retry_after=3)
    with pytest.raises(TelegramRetryAfter) as limited:
        await bot.send_message(eva.chat_id, "x")
    assert limited.value.retry_after == 3
    await sim.fault("502")
    with pytest.raises(ClientDecodeError):
        await bot.get_me()
    await sim.fault("413", html=False)
    with pytest.raises(TelegramEntityTooLarge):
        await bot.get_me()
    await sim.fault("drop", method="sendMessage")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(eva.chat_id, "x")
    group = eva.within(await sim.group("Studio", [eva]))
    grown = await group.migrate()
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(group.chat_id, "x")
    assert moved.value.migrate_to_chat_id == grown.chat_id
    await eva.block()
    with pytest.raises(TelegramForbiddenError, match="blocked"):
        await bot.send_message(eva.chat_id, "x")
    stranger = aio_bot(url, "4242:other")
    with pytest.raises(TelegramUnauthorizedError):
        await stranger.get_me()
    await stranger.session.close()


async def test_a_second_poller(bot: Bot, sim: Sim) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=20))
    second = asyncio.create_task(bot.get_updates(timeout=20))
    await sim.until_called("getUpdates")
    await (await sim.person()).send_text("x")
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["TelegramConflictError", "list"]
    assert any(isinstance(result, TelegramConflictError) for result in results)


async def test_every_kind_that_we_send_or_get_parses(bot: Bot, eva: Person) -> None:
    chat = eva.chat_id
    assert (await bot.send_photo(chat, BufferedInputFile(jpeg(), "p.jpg"), has_spoiler=True)).has_media_spoiler
    assert (await bot.send_animation(chat, BufferedInputFile(mp4(sound=False), "a.mp4"))).animation is not None
    assert (await bot.send_video(chat, BufferedInputFile(mp4(sound=False), "a.mp4"))).animation is not None
    assert (await bot.send_document(chat, BufferedInputFile(b"x", "x.bin"))).document is not None
    album = await bot.send_media_group(
        chat,
        [
            InputMediaPhoto(media=BufferedInputFile(jpeg(), "1.jpg")),
            InputMediaVideo(media=BufferedInputFile(mp4(), "2")),
        ],
    )
    assert album[0].media_group_id == album[1].media_group_id
    copied = await bot.copy_message(chat, chat, album[0].message_id)
    assert copied.message_id == album[1].message_id + 1
    uneditable = await bot.send_message(
        chat, "x", reply_markup=ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="x")]])
    )
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await uneditable.edit_text("y")
    reply = ReplyParameters(message_id=404, allow_sending_without_reply=True)
    assert (await bot.send_message(chat, "x", reply_parameters=reply)).reply_to_message is None
    await eva.send_live_photo(mp4(), jpeg())
    await eva.send_media("video_note", mp4())
    await eva.send_media("sticker", b"webp")
    await eva.send_media("voice", b"ogg", duration=2)
    await eva.send_media("audio", b"mp3", duration=2)
    await eva.block()
    await eva.unblock()
    updates = await bot.get_updates(timeout=0)
    kinds = [update.message.content_type if update.message else update.event_type for update in updates]
    assert kinds == [
        "text",
        "live_photo",
        "video_note",
        "sticker",
        "voice",
        "audio",
        "my_chat_member",
        "my_chat_member",
    ]


async def test_what_a_bot_says_about_itself(bot: Bot, sim: Sim, eva: Person) -> None:
    commands = [BotCommand(command="ping", description="Si tam?")]
    scope = BotCommandScopeAllPrivateChats()
    assert await bot.set_my_commands(commands, scope=scope, language_code="sk")
    (known,) = await bot.get_my_commands(scope=scope, language_code="sk")
    assert (known.command, known.description) == ("ping", "Si tam?")
    assert await bot.get_my_commands() == []
    await bot.delete_my_commands(scope=scope, language_code="sk")
    assert await bot.get_my_commands(scope=scope, language_code="sk") == []
    await bot.set_my_name("Štúdio", language_code="sk")
    assert [(await bot.get_my_name(language_code=code)).name for code in ("sk", "en")] == ["Štúdio", "imgvid"]
    await bot.set_my_description("Photos become videos")
    assert (await bot.get_my_description(language_code="ru")).description == "Photos become videos"
    await bot.set_my_short_description("short", language_code="sk")
    assert (await bot.get_my_short_description()).short_description == ""
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(eva.chat_id), MenuButtonCommands)
    assert (await sim.get("/sim/bot"))["short_descriptions"] == {"sk": "short"}
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Ping!", description="x")])
    with pytest.raises(TelegramBadRequest):
        await bot.set_my_short_description("x" * 121)
    with pytest.raises(TelegramBadRequest):
        await bot.set_my_name("x", language_code="slovak")
    assert (await bot.get_chat(eva.chat_id)).first_name == "Eva"
    assert (await bot.get_chat_member(eva.chat_id, bot.id)).status == "member"
    assert await bot.log_out()
    assert await bot.close()


async def test_stars(bot: Bot, sim: Sim, eva: Person) -> None:
    price = [LabeledPrice(label="video", amount=25)]
    invoice = await bot.send_invoice(eva.chat_id, "Video", "One video", "job-1", "XTR", price)
    assert invoice.invoice is not None
    assert invoice.invoice.total_amount == 25
    assert (await bot.create_invoice_link("Video", "One video", "job-1", "XTR", price)).startswith("https://t.me/$")
    await sim.post(f"/sim/chats/{eva.chat_id}/pay", message_id=invoice.message_id)
    *_, update = await bot.get_updates(timeout=0)
    assert update.pre_checkout_query is not None
    await bot.answer_pre_checkout_query(update.pre_checkout_query.id, ok=True)
    (update,) = await bot.get_updates(update.update_id + 1, timeout=0)
    assert update.message is not None
    assert update.message.successful_payment is not None
    charge = update.message.successful_payment.telegram_payment_charge_id
    assert (await bot.get_my_star_balance()).amount == 25
    assert await bot.refund_star_payment(eva.user_id, charge)
    with pytest.raises(TelegramBadRequest, match="CHARGE_ALREADY_REFUNDED"):
        await bot.refund_star_payment(eva.user_id, charge)
    paid, refund = (await bot.get_star_transactions()).transactions
    assert (paid.id, refund.id, paid.source is not None, refund.receiver is not None) == (charge, charge, True, True)
    await sim.post(f"/sim/chats/{eva.chat_id}/pay", message_id=invoice.message_id)
    (update,) = await bot.get_updates(update.update_id + 1, timeout=0)
    await sim.advance(11)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_pre_checkout_query(update.pre_checkout_query.id, ok=True)  # type: ignore[union-attr]
    with pytest.raises(TelegramBadRequest, match="STARS_INVOICE_INVALID"):
        await bot.send_invoice(eva.chat_id, "Video", "One video", "job-1", "XTR", price * 2)


async def test_unknown_methods_are_not_found(bot: Bot) -> None:
    with pytest.raises(TelegramNotFound):
        await bot.get_forum_topic_icon_stickers()
