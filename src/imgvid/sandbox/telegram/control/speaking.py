"""Acting as a person: messages, files, albums, presses, edits, deletions, payments."""

from __future__ import annotations

from aiohttp import web

from imgvid.sandbox.telegram.control.common import Room, answer, body_of
from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_text
from imgvid.sandbox.telegram.model import Kind, User
from imgvid.sandbox.telegram.params import Params, read_params
from imgvid.sandbox.telegram.people import Said, Sending
from imgvid.sandbox.telegram.views import message_view

_NOT_SENT = {Kind.TEXT, Kind.INVOICE, Kind.SERVICE}
_MESSAGE = r"/sim/chats/{chat:-?\d+}/messages/{message:\d+}"


class Speaking(Room):
    def add_routes(self, app: web.Application) -> None:
        app.router.add_post(r"/sim/chats/{chat:-?\d+}/messages", self.say)
        app.router.add_post(_MESSAGE + "/press", self.press)
        app.router.add_post(_MESSAGE + "/edit", self.edit)
        app.router.add_delete(_MESSAGE, self.delete)
        app.router.add_post(r"/sim/chats/{chat:-?\d+}/pay", self.pay)
        app.router.add_get("/sim/callbacks/{callback}", self.callback)

    def _who(self, request: web.Request, body: JsonObject) -> User:
        given = body.get("from")
        return self.people.member(self.chat(request), as_int(given) if given not in (None, "") else None)

    async def say(self, request: web.Request) -> web.Response:
        chat = self.chat(request)
        params = await read_params(request)
        user = self._who(request, params.fields)
        if params.files:
            uploads, stills = params.files.get("file", []), params.files.get("still", [])
            said = await self.people.send(chat, user, _sending(params), uploads, stills[0] if stills else None)
        else:
            reply_to = as_int(params.fields["reply_to"]) if params.has("reply_to") else None
            said = self.people.write(chat, user, params.text("text"), reply_to)
        return self._said(said)

    def _said(self, said: Said) -> web.Response:
        messages = [message_view(message, self.world) for message in said.messages]
        return answer({"messages": messages, "update_ids": said.update_ids})

    async def press(self, request: web.Request) -> web.Response:
        message, body = self.message(request), await body_of(request)
        return answer({"callback_query_id": self.people.press(message, self._who(request, body), body).id})

    async def edit(self, request: web.Request) -> web.Response:
        message, body = self.message(request), await body_of(request)
        return answer(message_view(self.people.rewrite(message, as_text(body.get("text"))), self.world))

    async def delete(self, request: web.Request) -> web.Response:
        return answer(message_view(self.people.delete(self.message(request)), self.world))

    async def pay(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        message = self.world.message(self.chat(request).id, as_int(body.get("message_id")) or 0)
        return answer({"pre_checkout_query_id": self.people.pay(message, self._who(request, body)).id})

    async def callback(self, request: web.Request) -> web.Response:
        callback = self.world.callbacks.get(request.match_info["callback"])
        if callback is None:
            raise Impossible(404, "there is no such press")
        return answer(
            {
                "id": callback.id,
                "chat_id": callback.chat_id,
                "message_id": callback.message_id,
                "data": callback.data,
                "answered": callback.answered,
                "text": callback.text,
                "alert": callback.alert,
                "at": callback.at.isoformat(),
            }
        )


def _sending(params: Params) -> Sending:
    named = params.text("kind")
    if named not in {kind.value for kind in Kind if kind not in _NOT_SENT}:
        raise Impossible(400, f"kind is one of {', '.join(kind for kind in Kind if kind not in _NOT_SENT)}")
    return Sending(
        kind=Kind(named),
        caption=params.text("caption"),
        reply_to=as_int(params.fields["reply_to"]) if params.has("reply_to") else None,
        spoiler=params.flag("spoiler"),
        hd=params.flag("hd"),
        raw=params.flag("raw"),
        width=params.integer("width", 0, 0),
        height=params.integer("height", 0, 0),
        duration=params.integer("duration", 0, 0),
        pretend_bytes=as_int(params.fields["pretend_bytes"]) if params.has("pretend_bytes") else None,
    )
