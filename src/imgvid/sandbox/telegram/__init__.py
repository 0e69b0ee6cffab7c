"""A local stand-in for the Telegram Bot API: one aiohttp process, everything in memory, no copy of media on disk.

It speaks the real wire protocol (`/bot<token>/<Method>`, `/file/bot<token>/<path>`), is held to the facts (error texts,
limits, what an edit may do), and adds a control API under `/sim` with which a test, the chat page, `scripts/demo --once`
or a storm act as the people in the chats. It binds where it is told to, normally 127.0.0.1.

    app = create_app(token="42:secret")                     # an aiohttp.web.Application, further routes may be added
    async with serve(token="42:secret") as served:          # an ephemeral port, for tests
        served.url                                          # "http://127.0.0.1:43211": Bot API base and /sim base
        async with Sim(served.url) as sim:                  # imgvid.sandbox.telegram.sim
            eva = await sim.person("Eva", language="sk")    # imgvid.sandbox.telegram.person
            await eva.send_photo(jpeg_bytes, caption="waves")
            shown = await eva.wait_for(lambda ms: [m for m in ms if m.kind == "video"], timeout_s=30)

All control bodies are JSON unless said otherwise; times are ISO 8601 UTC on the server's clock; ids are integers. An
error is `{"error": "sentence"}` with 400 (bad request), 403 (a browser page of another origin), 404 (no such thing) or
409 (not possible in this state).

People and chats
    GET    /sim                        {"bot": User, "now", "seed", "seq", "privacy"}
    POST   /sim/bot                    {"token"?: new token (the old one answers 401), "privacy"?: bool (group privacy)}
                                       -> as GET /sim. GET /sim/bot adds what the bot set: {"commands": [{"scope",
                                       "language_code", "commands": [{"command", "description"}]}], "names": {lang: text},
                                       "descriptions": {...}, "short_descriptions": {...}, "menu_buttons": {chat: ...}}
    POST   /sim/users                  {"first_name", "last_name"?, "username"?, "language_code"?, "id"?} -> Chat
                                       (a person with a private chat of the same id; the bot may write once they wrote)
    POST   /sim/chats                  {"type": "group" | "supergroup", "title", "members": [user id, ...], "id"?} -> Chat
    GET    /sim/chats                  {"chats": [Chat, ...]}, latest activity first; ?chat=<id> for one
    POST   /sim/chats/{chat}/status    {"action": "block" | "unblock" | "kick" | "add" | "deactivate", "from"?: user id}
                                       block/unblock/deactivate in a private chat, kick/add in a group -> Chat
    POST   /sim/chats/{chat}/members   {"action": "join" | "leave", "user_id"} -> Chat
    POST   /sim/chats/{chat}/migrate   {} a group becomes a supergroup -> Chat (the new one)

Speaking as a person (`from` defaults to the private chat's person, or a group's first member)
    POST   /sim/chats/{chat}/messages  JSON {"text", "from"?, "reply_to"?: message id}
                                       or multipart: fields kind, from, caption, reply_to, spoiler ("1"), hd ("1": photos up
                                       to 2560 px), width, height, duration, pretend_bytes (the file_size that is told; a
                                       large file without its bytes), raw ("1": a photo's bytes are passed on untouched),
                                       and parts `file` with file name and content type. kind: photo | document | video |
                                       animation | audio | voice | video_note | sticker | live_photo. Several `file` parts
                                       are an album: one update per item, one media_group_id, the caption on the first.
                                       A live_photo has its clip in `file` and its picture in a part `still`.
                                       -> {"messages": [Message, ...], "update_ids": [...]}
    POST   /sim/chats/{chat}/messages/{id}/press   {"data" | "text" | "row"+"column", "from"?} -> {"callback_query_id"}
                                       409 when the message shows no such button
    POST   /sim/chats/{chat}/messages/{id}/edit    {"text"} the person edits their own text or caption -> Message
    DELETE /sim/chats/{chat}/messages/{id}         the person deletes a message (own or the bot's) -> Message
    POST   /sim/chats/{chat}/pay       {"message_id", "from"?} presses Pay on an invoice -> {"pre_checkout_query_id"}
    GET    /sim/callbacks/{id}         {"id", "chat_id", "message_id", "data", "answered": bool, "text", "alert", "at"}

Looking
    GET    /sim/chats/{chat}/messages  {"seq", "messages": [Message, ...]} in order, deleted ones included (`deleted`)
    GET    /sim/chats/{chat}/messages/{id}         Message
    GET    /sim/chats/{chat}/messages/{id}/media   the bytes that are shown now; ?version=N those of history[N], ?size=s|m|x|y|w
                                       a photo's size. Honours Range, so that a browser can seek in a video.
    GET    /sim/calls                  {"seq", "calls": [Call, ...]} of the bot token; ?method= (case-insensitive), ?chat=,
                                       ?after=<seq>, ?limit= (newest kept). DELETE forgets them.
    GET    /sim/summary                {"chats": [Summary, ...], "videos_shown", "videos_ever", "video_replacements"}; ?chat=
    GET    /sim/events                 server-sent events; `id:` is seq, `data:` an Event as JSON. ?after=<seq> (or
                                       Last-Event-ID) replays what came later, else from now; ?chat=<id>, ?types=a,b filter.
                                       The newest 20 000 events are kept; an older `after` answers 409.

Levers
    GET    /sim/faults                 {"faults": [Fault, ...]}; POST adds one and answers it; DELETE clears all (and lets go)
    DELETE /sim/faults/{id}            removes one and releases what it holds -> Fault
    POST   /sim/faults/{id}/release    lets go what it holds; {"times"?: n} only the first n -> Fault
    GET    /sim/rate                   Rate; POST sets any of its fields (off by default)
    GET    /sim/clock                  {"now"}; POST {"advance_s": 90} or {"set": iso} or {"freeze": bool} -> {"now"}
    POST   /sim/expire_files           {} every file_path handed out so far answers 404 -> {"expired": n}

Shapes
    Chat     {"chat_id", "type": "private|group|supergroup", "title", "username", "language_code", "members": [User],
              "bot": "new|member|blocked|kicked|deactivated|migrated", "migrated_to": id|null, "messages": n, "last": Message|null,
              "activity": {"action", "until"}|null}
    User     {"id", "is_bot", "first_name", "last_name", "username", "language_code"}
    Message  {"chat_id", "message_id", "by": "bot"|"user"|"service", "from": User|null, "date", "edited": iso|null,
              "deleted": iso|null, "kind": "text|photo|video|animation|document|audio|voice|video_note|sticker|live_photo|
              invoice|service", "text" (text or caption, plain), "entities": [Bot API entities], "reply_to": id|null,
              "media_group_id": str|null, "media": Media|null, "buttons": [[{"text", "data"|"url"|"copy_text"|"pay", ...}]],
              "reactions": [{"emoji", "by": user id}], "history": [Version, ...]}
    Version  {"at", "method": "sendMessage"…, "kind", "text", "media": Media|null, "buttons"}; the last one is what is shown
    Media    {"kind", "url": "/sim/chats/…/media?version=N", "bytes", "mime_type", "file_name", "width", "height",
              "duration", "audio": bool|null, "spoiler": bool, "file_id", "file_unique_id"}
    Event    {"seq", "at", "type", "chat_id", …}, by type:
                message, edit, delete    "message_id", "message": Message (as it is when the event is read)
                action                   "action": "typing" | "upload_video" | …
                callback                 "callback_query_id", "message_id", "data": a person pressed
                callback_answer          "callback_query_id", "message_id", "text", "alert": bool
                reaction                 "message_id", "reactions"
                chat                     "chat": Chat (new, blocked, migrated, …)
                call                     "call": Call, when a call has been answered
                held, released           "fault": id, "method", "message_id": a call stands still / goes on
    Call     {"seq", "at", "method", "chat_id", "message_id", "status" (0: connection closed), "description", "applied": bool,
              "took_s", "bytes_in", "fault": id|null, "agent"}
    Fault    {"id", "method": "editMessageMedia" | "send*" | "*" | "file" (downloads), "chat_id"?, "nth"?: k (only the k-th call
              that matches, counted from when the rule was added), "probability"?: 0..1 (seeded), "times"?: n (default 1,
              0 = without end), "kind", kind's own fields, "seen": calls matched, "hit": times applied, "holding": calls held}
              kinds of a call, before it is applied:
                429 {"retry_after": 5}   500, 502 (an HTML page), 413 {"html"?: bool}   error {"status", "description"}
                reset (connection closed)   latency {"seconds"}   slow_upload {"bytes_per_s"} (the body is read that slowly)
                hold {"seconds"?}: the body was read, the effect waits; without seconds until it is released
                A held editMessageMedia is "under way": a newer media edit or a deletion of the message ends it with 400.
                A client that gives up meanwhile changes nothing: what it sent is still applied.
              after it was applied:
                drop {"seconds"?: 0} (the connection is closed instead of answered)
                late {"seconds"?}: applied, and the answer waits; without seconds until it is released
              of updates (method is ignored, chat_id counts): duplicate_update (delivered once more after it was confirmed),
                reorder_updates (the next answer with two or more updates is turned round), lost_updates_answer (getUpdates
                is answered by a closed connection)
              of files: file_expired (a download answers 404), file_lost (getFile answers that it is unavailable)
    Rate     {"enabled": false, "per_chat_per_s": 1.0, "burst": 5, "group_per_min": 20, "same_size_uploads": false,
              "latency_s": 0.0 (of every bot call, also while the model is off)}
    Summary  {"chat_id", "texts", "photos", "videos": bot messages that show a video (or animation) now, "video_messages":
              [ids], "videos_ever": messages that ever showed one, also deleted, "video_replacements": edits that put
              something else where a video was, "bot_messages", "deleted", "empty_history": false}
"""

from imgvid.sandbox.telegram.app import Served, create_app, serve
from imgvid.sandbox.telegram.clock import Clock, SystemClock
from imgvid.sandbox.telegram.person import Person
from imgvid.sandbox.telegram.shown import Shown
from imgvid.sandbox.telegram.sim import Sim, SimRefused

__all__ = ["Clock", "Person", "Served", "Shown", "Sim", "SimRefused", "SystemClock", "create_app", "serve"]
