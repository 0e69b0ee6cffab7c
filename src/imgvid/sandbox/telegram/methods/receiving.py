"""getUpdates and the webhook's three methods; logOut and close."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_text
from imgvid.sandbox.telegram.methods.call import Call, Method, Raw
from imgvid.sandbox.telegram.render import unix
from imgvid.sandbox.telegram.updates import MAX_WAIT_S
from imgvid.sandbox.telegram.webhook import Hook

_SECRET = re.compile(r"[A-Za-z0-9_-]*")


def _allow(call: Call) -> None:
    types = call.params.array("allowed_updates")
    call.world.updates.allow(None if types is None else [as_text(item) for item in types])


async def get_updates(call: Call) -> object:
    _allow(call)
    params = call.params
    found = await call.world.updates.poll(
        offset=params.integer("offset"),
        limit=params.integer("limit", 100, 1, 100),
        timeout_s=params.integer("timeout", 0, 0, MAX_WAIT_S),
    )
    return Raw("[" + ",".join(update.text for update in found) + "]", empty=not found)


async def set_webhook(call: Call) -> object:
    """An empty url removes it. http is taken too, as by a self-hosted server: the receiver is on this machine."""
    params, world = call.params, call.world
    url, secret = params.text("url"), params.text("secret_token")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise bad("invalid webhook URL specified")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    _allow(call)
    if params.flag("drop_pending_updates"):
        world.updates.drop_all()
    hook = Hook(url=url, secret=secret, max_connections=params.integer("max_connections", 40, 1, 100)) if url else None
    world.hook.set(hook)
    return True


async def delete_webhook(call: Call) -> object:
    if call.params.flag("drop_pending_updates"):
        call.world.updates.drop_all()
    call.world.hook.set(None)
    return True


async def get_webhook_info(call: Call) -> object:
    world, hook = call.world, call.world.hook
    shown: JsonObject = {
        "url": hook.hook.url if hook.hook is not None else "",
        "has_custom_certificate": False,
        "pending_update_count": world.updates.pending,
    }
    if hook.hook is not None:
        shown["max_connections"] = hook.hook.max_connections
    if hook.failed_at is not None:
        shown |= {"last_error_date": unix(hook.failed_at), "last_error_message": hook.failure}
    if world.updates.allowed is not None:
        shown["allowed_updates"] = sorted(world.updates.allowed)
    return shown


async def leave(call: Call) -> object:
    """logOut and close: true, and nothing else; the stand-in has no second server to move to."""
    assert call.world is not None
    return True


METHODS = [
    Method(name="getUpdates", run=get_updates),
    Method(name="setWebhook", run=set_webhook),
    Method(name="deleteWebhook", run=delete_webhook),
    Method(name="getWebhookInfo", run=get_webhook_info),
    Method(name="logOut", run=leave),
    Method(name="close", run=leave),
]
