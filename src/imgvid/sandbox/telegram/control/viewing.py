"""Looking: transcripts, media, the call log, the summary."""

from __future__ import annotations

from aiohttp import web

from imgvid.sandbox.telegram import pictures
from imgvid.sandbox.telegram.control.common import Room, answer, number
from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.files import Named
from imgvid.sandbox.telegram.model import Kind
from imgvid.sandbox.telegram.views import message_view, summary_view

_MESSAGE = r"/sim/chats/{chat:-?\d+}/messages/{message:\d+}"


class Viewing(Room):
    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(r"/sim/chats/{chat:-?\d+}/messages", self.transcript)
        app.router.add_get(_MESSAGE, self.one)
        app.router.add_get(_MESSAGE + "/media", self.media)
        app.router.add_get("/sim/calls", self.calls)
        app.router.add_delete("/sim/calls", self.forget_calls)
        app.router.add_get("/sim/summary", self.summary)

    async def transcript(self, request: web.Request) -> web.Response:
        messages = [message_view(message, self.world) for message in self.chat(request).messages.values()]
        return answer({"seq": self.world.feed.seq, "messages": messages})

    async def one(self, request: web.Request) -> web.Response:
        return answer(message_view(self.message(request), self.world))

    async def media(self, request: web.Request) -> web.Response:
        message = self.message(request)
        version = number(request, "version")
        if version is not None and not 0 <= version < len(message.history):
            raise Impossible(404, f"message {message.id} has no version {version}")
        file = (message.history[version].content if version is not None else message.content).file
        if file is None:
            raise Impossible(404, f"message {message.id} shows no file there")
        letter = request.query.get("size", "")
        try:
            data = await self.world.files.read(Named(file=file, letter=letter))
        except pictures.NotAPicture:
            raise Impossible(404, "this photo's bytes are broken: it has no other sizes") from None
        mime = "image/jpeg" if letter and file.kind is Kind.PHOTO else file.mime
        return _ranged(request, data, mime)

    async def calls(self, request: web.Request) -> web.Response:
        found = self.world.calls.find(
            method=request.query.get("method", ""),
            chat_id=number(request, "chat"),
            after=number(request, "after") or 0,
            limit=number(request, "limit") or 0,
        )
        return answer({"seq": self.world.calls.seq, "calls": [call.view() for call in found]})

    async def forget_calls(self, _request: web.Request) -> web.Response:
        self.world.calls.clear()
        return answer({"seq": self.world.calls.seq, "calls": []})

    async def summary(self, request: web.Request) -> web.Response:
        wanted = number(request, "chat")
        chats = [self.world.chat(wanted)] if wanted is not None else list(self.world.chats.values())
        views = [summary_view(chat) for chat in chats]
        return answer(
            {
                "chats": views,
                "videos_shown": sum(int(str(view["videos"])) for view in views),
                "videos_ever": sum(int(str(view["videos_ever"])) for view in views),
                "video_replacements": sum(int(str(view["video_replacements"])) for view in views),
            }
        )


def _ranged(request: web.Request, data: bytes, mime: str) -> web.Response:
    """The bytes, or the part that a Range header asks for (a browser seeks in a video with it)."""
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    try:
        wanted = request.http_range
    except ValueError:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=data, content_type=mime, headers=headers)
    first, last, _ = wanted.indices(len(data))
    if first >= last:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last - 1}/{len(data)}"
    return web.Response(status=206, body=data[first:last], content_type=mime, headers=headers)
