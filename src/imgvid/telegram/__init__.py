"""The Bot API as the dispatcher and the worker use it: a thin httpx client, its errors, and the job's one message.

Reading order: errors (what may be concluded), client (one method a call), keyboard (buttons as plain data, shared with
the bot), message (ask, look, deliver, take away), patience (how long an idempotent call is repeated), budget (flood
limits). Nothing is imported here, so that the bot can use `keyboard` without httpx.
"""
