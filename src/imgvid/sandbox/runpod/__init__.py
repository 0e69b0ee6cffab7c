"""RunPod Serverless on this machine: the queue API and the worker protocol, so that the unmodified SDK worker runs on it.

    async with serve(endpoints=["ep1"], api_key="sandbox-key") as cloud:
        cloud.url                  "http://127.0.0.1:PORT": RUNPOD_API_URL is cloud.url + "/v2"
        cloud.worker_env("ep1", "worker-1")     the variables that the SDK worker reads (facts section 4)
        cloud.endpoint("ep1")      the endpoint's state in this process (`endpoint.Endpoint`)

Queue API      /v2/<ep>/run, /status/<id>, /stream/<id>, /cancel/<id>, /retry/<id>, /purge-queue, /health
Worker side    /v2/<ep>/job-take/<w>, /job-take-batch/<w>, /job-stop/<w>, /job-done/<w>/<job>, /job-stream/<w>/<job>,
               /ping/<w>; polls are HELD. A worker lives while it pings, polls or reports; `lease_s` without a sign of
               life puts its jobs back IN_QUEUE with retries + 1. A killed worker whose ping process lives on still looks
               alive, as on the platform: kill the process group.
Workers are started by nobody here; `scaler.Scaler` does it for who wants it.

Control API, JSON in and out, no key needed. <ep> is an endpoint id.

    GET    /sim/jobs[?endpoint=<ep>]            {"jobs": [JOB, ...]} oldest first; forgotten ones too ("gone": why)
    GET    /sim/jobs/<id>                       JOB
    POST   /sim/jobs/<id>/redeliver             give a running job to a second worker while the first lives on (a re-run:
                                                IN_QUEUE, retries + 1; whoever reports first wins)   -> JOB
    POST   /sim/jobs/<id>/forget                it answers 404 from now on, its worker goes on       -> JOB
    POST   /sim/jobs/<id>/release               publish a result that `hold_result` keeps back        -> JOB
    GET    /sim/workers[?endpoint=<ep>]         {"workers": [WORKER, ...]}
    POST   /sim/workers/<id>/kill               kill -9 of the whole group; only workers of `scaler.Scaler` -> {"killed": pid}
    GET    /sim/endpoints                       {"endpoints": {"<ep>": RULES}}
    PATCH  /sim/endpoints/<ep>                  change any of RULES                                   -> RULES
    GET    /sim/calls[?op=run&limit=100]        {"calls": [{"at","op","endpoint","method","path","status","fault"?}]};
                                                `status` 0 = the connection was cut. Bodies and keys are not kept.
    DELETE /sim/calls                           {}
    POST   /sim/faults                          FAULT -> FAULT with its "id"
    GET    /sim/faults                          {"faults": [FAULT, ...]} with what is left of each
    DELETE /sim/faults[/<id>]                   {}
    GET    /sim/clock                           {"now": ISO time, "advanced_s": seconds}
    POST   /sim/clock  {"advance_s": 1800}      move the clock on: ttl, timeouts, leases and retention follow at once

JOB     {"id","endpoint","status","input","policy","created","workerId"?,"retries","delayTime"?,"executionTime"?,"output"?,
        "error"?,"gone"?,"runs":[{"worker","taken","ended"?,"outcome"?}],"history":[{"at","status","worker"?,"note"?}]}
        `runs` are deliveries to workers; a run's outcome is completed, failed, lost (no sign of life), stopped, late
        (its result was ignored), refused (its result was answered 400) or superseded (another run reported first).
WORKER  {"id","endpoint","state":"idle|running|gone","jobs":[ids],"first_seen","last_seen","taken","polls","pid"?,"log"?}
RULES   {"workers_max":3, "lease_s":30, "poll_hold_s":20, "retention_s":1800, "execution_timeout_s":600, "ttl_s":86400,
         "rate_limits":true, "late_progress_reopens":false, "timeout_state":"TIMED_OUT"|"FAILED", "max_body_bytes":10485760}
        workers_max 0 = a starved endpoint: jobs wait IN_QUEUE until their ttl. retention_s 0 = every finished job is 404.
        late_progress_reopens: a progress report after the end sets a COMPLETED or FAILED job IN_PROGRESS again.
FAULT   {"op", "kind", "nth":1, "times":1, "endpoint"?, "job"?, ...}: from the nth matching call on, `times` calls
        (0 = until deleted). op: run status stream cancel retry purge-queue health job-take job-stop job-done progress
        job-stream ping, or "*" for all of them.

        kind          further fields                      what the caller meets
        drop_before   how: "reset"|"close"                connection cut, nothing applied
        drop_after    how                                 applied (for run: the job is accepted), then the connection is cut
        answer        status, body, content_type,         this answer; with applied true the call takes effect first
                      headers, applied: false             (a 500 after accepting)
        busy          retry_after_s?                      429, with Retry-After only when given
        html          status: 502, applied: false         a proxy's HTML error page (500, 502, 503, 504, ...)
        unauthorized                                      401
        not_found                                         404, for a known id too
        delay         seconds, when: "before"|"after"     a slow answer
        backwards     status: "IN_QUEUE"                  op status: this state word once, without output
        redeliver                                         op job-take: the job just taken goes to a second worker as well
        hold_result   seconds?                            op job-done: 200, but published only after seconds (or release)
        result_lost                                       op job-done: 400, the result is lost, the job stays IN_PROGRESS
"""

from imgvid.sandbox.runpod.cloud import Cloud
from imgvid.sandbox.runpod.server import create_app, serve

__all__ = ["Cloud", "create_app", "serve"]
