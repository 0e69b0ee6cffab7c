"""The pipeline of one job, from its input to the edited message (DESIGN section 8).

    look ▸ download ▸ prepare ▸ engine (load, sample, decode, encode) ▸ pack ▸ look ▸ upload ▸ wipe ▸ report
      └────────── the message says: stop ────┴──────────────────────────────────┴──────┘

Every way out wipes the job's folder. A cancel reaches whatever runs, wipes, and passes on; nothing is reported then,
because the one who cancelled knows. The worker only ever edits the job's one message, and tells no failures there:
that is the dispatcher's to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from imgvid import log
from imgvid.jobs.errors import Code
from imgvid.telegram.client import Telegram
from imgvid.worker.attempt import Attempt, Manners
from imgvid.worker.engines.base import Engine, Scalar
from imgvid.worker.outcome import Failed, Outcome, Report, Stopped
from imgvid.worker.report import Reporter
from imgvid.worker.request import BadRequest, Request, parse
from imgvid.worker.stopwatch import Stopwatch
from imgvid.worker.workspace import Workspace


class Runner:
    """A worker's hands: one engine, one workspace, one bot. One job at a time."""

    def __init__(
        self,
        *,
        telegram: Telegram,
        engine: Engine,
        workspace: Workspace,
        reporter: Reporter,
        worker_id: str,
        facts: Mapping[str, Scalar] | None = None,
        manners: Manners | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`facts` go into every recipe: worker image, bundle revision, GPU. `now` is compared with deadlines."""
        self._telegram, self._engine, self._workspace, self._reporter = telegram, engine, workspace, reporter
        self._worker_id, self._facts = worker_id, dict(facts or {})
        self._manners, self._now = manners or Manners(), now

    async def run(self, raw: object, *, request_id: str | None = None) -> Report:
        """Do one job. Idempotent by the message: a second run of a delivered job stops at its first look.

        Raises nothing but CancelledError; whatever goes wrong is the report's outcome.
        """
        watch = Stopwatch()
        watch.enter("look")  # from here on every moment belongs to a phase
        try:
            request = parse(raw)
        except BadRequest as error:
            log.get().error(log.RUN_ENDED, outcome="failed", code=Code.INTERNAL, said=str(error))
            return self._report(Failed(code=Code.INTERNAL, detail=f"bad request: {error}"), None, watch, {})
        log.get().info(log.RUN_BEGAN, job=request.shown_id, attempt=request.attempt, mode=request.mode)
        attempt = Attempt(
            request=request,
            request_id=request_id,
            worker_id=self._worker_id,
            telegram=self._telegram,
            engine=self._engine,
            reporter=self._reporter,
            manners=self._manners,
            watch=watch,
            now=self._now,
        )
        try:
            outcome = await self._in_folder(attempt, request, watch)
        except asyncio.CancelledError:
            log.get().info(log.RUN_CANCELLED, job=request.shown_id, attempt=request.attempt, then="wiped")
            raise
        report = self._report(outcome, request, watch, {**self._facts, **attempt.recipe})
        await self._reporter.result(request.job_id, request.attempt, report.as_json())
        _log_end(request, report)
        return report

    async def _in_folder(self, attempt: Attempt, request: Request, watch: Stopwatch) -> Outcome:
        try:
            with self._workspace.job(request.job_id) as folder:
                outcome = await attempt.outcome(folder)
                watch.enter("wipe")
        except OSError as error:
            return Failed(code=Code.WORKER_FAILED, detail=f"the job's folder: {type(error).__name__}")
        return outcome

    def _report(
        self, outcome: Outcome, request: Request | None, watch: Stopwatch, recipe: Mapping[str, Scalar]
    ) -> Report:
        residual = self._workspace.residual_bytes()
        phases, total_s = watch.read()
        return Report(
            outcome=outcome,
            job_id=str(request.job_id) if request else None,
            attempt=request.attempt if request else None,
            worker_id=self._worker_id,
            phases=phases,
            total_s=total_s,
            recipe=recipe,
            residual_bytes=residual,
        )


def _log_end(request: Request, report: Report) -> None:
    """The one line that tells a whole run."""
    outcome = report.as_json()
    level = log.get().warning if isinstance(report.outcome, Failed) else log.get().info
    level(
        log.RUN_ENDED,
        job=request.shown_id,
        attempt=request.attempt,
        outcome=outcome["outcome"],
        code=report.outcome.code if isinstance(report.outcome, Failed) else None,
        reason=report.outcome.reason if isinstance(report.outcome, Stopped) else None,
        detail=outcome.get("detail"),
        **{name: report.recipe[name] for name in ("workflow", "workflow_origin", "graph") if name in report.recipe},
        duration_s=round(report.total_s, 3),
        residual_bytes=report.residual_bytes,
    )
