"""Fal on this machine without a model: the queue, uploads, the media host and the price list, held to facts/models.md 1, 2.

    async with serve(key="sandbox-key") as fal:
        fal.url                    "http://127.0.0.1:PORT": FAL_QUEUE_BASE_URL; the same address is rest.fal.ai, api.fal.ai
                                   and the media host, told apart by their paths
        fal.orders, fal.shelf      every request and file in this process
        fal.faults.add({...})      trouble on request, as POST /sim/faults takes it
        fal.rules = fal.rules.changed({...})
    fal = mount(app, prefix="/fal")         the same below an application that is not started yet (the demo's)
    python -m imgvid.sandbox.fal --port 8190 --key sandbox-key

Queue       POST /{owner}/{app}[/{path}]; GET /{owner}/{app}/requests/<id>[/response], .../status[?logs=1]; PUT .../cancel.
            Requests live under owner/app: the endpoint's whole path there is a 405, as at fal. An app that does not exist
            is a 404 at once; an endpoint that its app does not have is taken, and fails with 404 as its result.
            A body is checked by the model, so a 422 is a result, never the answer to a submit.
Uploads     POST /storage/upload/initiate?storage_type=fal-cdn-v3, PUT upload_url; POST /storage/auth/token, /files/upload
Media host  GET|HEAD /files/b/<prefix>/<name>, without a key
Platform    GET /v1/models?endpoint_id=, GET /v1/models/pricing?endpoint_id=

Models are the tables in models/*.toml. Results are real files, made on the CPU and labelled PREVIEW: pictures in the size
asked for, edits of the very picture named, inpaints that leave every pixel under a black mask alone, videos of exactly the
length, size and rate asked for, with an AAC track or without. Unknown keys of a body are ignored, as pydantic does: what
was ignored, what every default came to and what it cost is in the request's view.

Headers of a submit that count: X-Fal-No-Retry (without it a 503 or 504 is run up to `retries` times), X-Fal-Request-Timeout
(time to start), X-Fal-Queue-Priority, X-Fal-Object-Lifecycle-Preference (results vanish), X-Fal-Store-IO (told in the view).
The lifetime of an upload comes from X-Fal-Object-Lifecycle; initiate without storage_type=fal-cdn-v3 takes ...-Preference.

Not there: /status/stream, webhooks (`fal_webhook` is taken and never called), uploads in parts, sync calls (fal.run),
realtime, workflows/ and comfy/ namespaces, LTX's other output types, ranges of a file, prices by tokens.

Control API, JSON in and out, no key needed.

    GET    /sim/requests[?endpoint=ID]          {"requests": [REQUEST, ...]} oldest first; forgotten ones too ("gone": why)
    GET    /sim/requests/<id>                   REQUEST
    POST   /sim/requests/<id>/forget            it answers 404 from now on                           -> REQUEST
    GET    /sim/files                           {"files": [FILE, ...]} uploads and results
    GET    /sim/models                          {"models": {"<endpoint>": "active|deprecated|gone"}}
    PATCH  /sim/models/<endpoint> {"state"}     shut a model down, or bring it back
    GET    /sim/rules                           RULES
    PATCH  /sim/rules                           change any of RULES                                  -> RULES
    GET    /sim/calls[?op=submit&limit=100]     {"calls": [{"at","op","method","path","query","headers","model"?,"request"?,
                                                "status","fault"?}]}; `status` 0 = the connection was cut. Keys and bodies
                                                are not kept: of Authorization only the scheme.
    DELETE /sim/calls                           {}
    POST   /sim/faults                          FAULT -> FAULT with its "id"
    GET    /sim/faults                          {"faults": [FAULT, ...]} with what is left of each
    DELETE /sim/faults[/<id>]                   {}
    GET    /sim/clock                           {"now": ISO time, "advanced_s": seconds}
    POST   /sim/clock  {"advance_s": 3600}      move the clock on: queue, work, lifetimes and retention follow at once
    POST   /sim/reset                           forget everything but the time

REQUEST {"id","endpoint","status","created","runs","wishes","inputs","ignored","history","output"?,"failure"?,
        "billable_units"?,"cost_usd"?,"cancelled"?,"gone"?}; `inputs` have every default filled in.
FILE    {"path","content_type","bytes","made_for":"upload|<request id>","created","lifetime_s","acl","reads","gone"?}
RULES   {"concurrency":2, "queue_s":0, "picture_s":0.1, "video_s":0.3, "retries":10, "result_s":3600, "media_s":604800,
         "upload_s":3600, "response_url":"bare"|"response", "running_cancel":"stops"|"finishes",
         "words":"pydantic"|"documented", "status_tells_model_errors":false, "locked":false, "video_bytes":0}
        Times are the least: making a file may take longer. concurrency 0 = everything waits IN_QUEUE.
        response_url: the form of that address in answers; both forms always answer.
        words: literal_error, string_too_short, too_long (observed) or one_of, sequence_too_short, _too_long (fal's page).
        status_tells_model_errors: a 422 shows in the status as `error` too; observed is that it does not. The platform's own
        errors (timeouts, lost runners, cancels) always do.
        locked: an empty balance, 403 on submits and uploads. video_bytes: videos are padded to this size.
FAULT   {"op", "kind", "nth":1, "times":1, "model"?, "request"?, ...}: from the nth matching call on, `times` calls
        (0 = until deleted). op: submit status result cancel initiate put token upload media models pricing, "*" for all of
        them, or run: a runner taking a request (a retry is a run of its own). `model` is an endpoint id.

        kind          further fields                      what the caller meets
        drop_before   how: "reset"|"close"                connection cut, nothing applied
        drop_after    how                                 applied (a submit is accepted, and paid), then the connection is cut
        answer        status, body, content_type,         this answer; with applied true the call takes effect first
                      headers, applied: false
        busy          retry_after_s?                      429, with Retry-After only when given
        html          status: 502, applied: false         the ingress's HTML page (nginx), no x-fal-request-id
        unauthorized                                      401
        locked                                            403, an empty balance
        not_found                                         404, for a known id or file too
        delay         seconds, when: "before"|"after"     a slow answer
        hang                                              no answer at all; op run: a run that never ends
        backwards     status: "IN_QUEUE"                  op status: this state word once
        urls          form: "response"|"missing"|"foreign"  op submit: other addresses, none, or ones on a stranger's host
        slow          seconds                             op media: a trickle; op run: so much longer IN_PROGRESS
        truncate      bytes?                              op media: the connection ends before Content-Length is reached
        error         type, msg?, loc?, ctx?, status?,    op run: it fails with this type of facts 1.6: a model's (a list) or
                      retryable?                          the platform's (flat), with its usual code and text
        nsfw                                              op run: a black picture and has_nsfw_concepts [true]; models without
                                                          the flag answer content_policy_violation
        stuck                                             op run: nobody ever takes it; only X-Fal-Request-Timeout ends it
"""

from imgvid.sandbox.fal.rules import Rules
from imgvid.sandbox.fal.server import FAL, create_app, mount, serve
from imgvid.sandbox.fal.world import Fal, Life

__all__ = ["FAL", "Fal", "Life", "Rules", "create_app", "mount", "serve"]
