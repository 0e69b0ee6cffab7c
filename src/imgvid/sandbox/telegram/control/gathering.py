"""People and chats: who there is, who may what."""

from __future__ import annotations

from aiohttp import web

from imgvid.sandbox.telegram.control.common import Room, answer, body_of, number
from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import JsonObject, as_flag, as_int, as_list, as_text
from imgvid.sandbox.telegram.model import ChatType, User
from imgvid.sandbox.telegram.standing import change_member, change_standing, migrate
from imgvid.sandbox.telegram.views import chat_view, user_view


class Gathering(Room):
    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/sim", self.home)
        app.router.add_get("/sim/bot", self.bot)
        app.router.add_post("/sim/bot", self.set_bot)
        app.router.add_post("/sim/users", self.add_user)
        app.router.add_post("/sim/chats", self.add_chat)
        app.router.add_get("/sim/chats", self.chats)
        app.router.add_post(r"/sim/chats/{chat:-?\d+}/status", self.status)
        app.router.add_post(r"/sim/chats/{chat:-?\d+}/members", self.members)
        app.router.add_post(r"/sim/chats/{chat:-?\d+}/migrate", self.migrate)

    def _home(self) -> JsonObject:
        world = self.world
        return {
            "bot": user_view(world.bot),
            "now": world.now().isoformat(),
            "seed": world.seed,
            "seq": world.feed.seq,
            "privacy": world.privacy,
        }

    async def home(self, _request: web.Request) -> web.Response:
        return answer(self._home())

    async def bot(self, _request: web.Request) -> web.Response:
        return answer(self._home() | self.world.menus.view())

    async def set_bot(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if "token" in body:
            token = as_text(body["token"])
            if not token.startswith(f"{self.world.bot.id}:"):
                raise Impossible(400, "a bot's new token begins with its own id")
            self.world.token = token
        if "privacy" in body:
            self.world.privacy = as_flag(body["privacy"])
        return answer(self._home())

    async def add_user(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        first_name = as_text(body.get("first_name")).strip()
        if not first_name:
            raise Impossible(400, "a person needs a first_name")
        user_id = as_int(body["id"]) if body.get("id") is not None else self.world.new_person_id()
        if user_id is None or user_id <= 0:
            raise Impossible(400, "a person's id is a positive integer")
        user = User(
            id=user_id,
            first_name=first_name,
            last_name=as_text(body.get("last_name")) or None,
            username=as_text(body.get("username")) or None,
            language_code=as_text(body.get("language_code")) or None,
        )
        return answer(chat_view(self.world.add_person(user), self.world))

    async def add_chat(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        kind, title = as_text(body.get("type")), as_text(body.get("title")).strip()
        if kind not in {ChatType.GROUP, ChatType.SUPERGROUP} or not title:
            raise Impossible(400, "a chat needs a type (group or supergroup) and a title")
        members = [self._person(as_int(item)) for item in as_list(body.get("members")) or []]
        if not members:
            raise Impossible(400, "a chat needs members")
        chat_id = as_int(body["id"]) if body.get("id") is not None else None
        chat = self.world.add_group(title=title, type=ChatType(kind), members=members, chat_id=chat_id)
        return answer(chat_view(chat, self.world))

    def _person(self, user_id: int | None) -> User:
        user = self.world.people.get(user_id) if user_id is not None else None
        if user is None:
            raise Impossible(404, f"there is no person {user_id}")
        return user

    async def chats(self, request: web.Request) -> web.Response:
        wanted = number(request, "chat")
        chats = [self.world.chat(wanted)] if wanted is not None else list(self.world.chats.values())
        never = self.world.now().replace(year=1970)
        chats.sort(key=lambda chat: chat.used_at or never, reverse=True)
        return answer({"chats": [chat_view(chat, self.world) for chat in chats]})

    async def status(self, request: web.Request) -> web.Response:
        chat, body = self.chat(request), await body_of(request)
        user = self.people.member(chat, as_int(body["from"]) if body.get("from") is not None else None)
        change_standing(self.world, chat, user, as_text(body.get("action")))
        return answer(chat_view(chat, self.world))

    async def members(self, request: web.Request) -> web.Response:
        chat, body = self.chat(request), await body_of(request)
        change_member(self.world, chat, self._person(as_int(body.get("user_id"))), as_text(body.get("action")))
        return answer(chat_view(chat, self.world))

    async def migrate(self, request: web.Request) -> web.Response:
        return answer(chat_view(migrate(self.world, self.chat(request)), self.world))
