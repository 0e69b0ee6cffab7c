"""One job's whole story as lines: what it was, where its seconds went, what happened, what it was made with. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from imgvid.jobs.model import HistoryEvent
from imgvid.jobs.timeline import phases_of, seconds_by_phase, worker_phases
from imgvid.ops.jobs.listing import age, moment, span, why
from imgvid.store.records import Record, RequestRecord

_A_CHOICE = re.compile(r"[\w.:×-]{1,24}")  # what a button may set; anything longer may be a person's words


def tell(
    record: Record, events: Sequence[HistoryEvent], requests: Sequence[RequestRecord], *, with_prompt: bool = False
) -> list[str]:
    """Everything about one job. What its person wrote is counted, and shown only `with_prompt`."""
    result = record.result or {}
    return [
        *_head(record, with_prompt=with_prompt),
        *_phases(record, events),
        *_timeline(events),
        *_table("recipe", _mapping(result.get("recipe"))),
        *_table("result", {name: value for name, value in result.items() if name not in {"recipe", "phases"}}),
        *_table("the worker's own seconds", worker_phases(result)),
        *_requests(requests),
    ]


def _head(record: Record, *, with_prompt: bool) -> Iterator[str]:
    more = why(record)
    yield f"{record.short}  {record.state}{f' ({more})' if more else ''}  {record.mode} on {record.backend}, lane {record.lane}"
    yield f"  id {record.id}, origin {record.origin}"
    yield f"  person {record.user_id}, chat {record.chat_id}, message {record.message_id}, language {record.locale}"
    ended = f"ended {moment(record.finished_at)}" if record.finished_at else "open"
    yield f"  made {moment(record.created_at)}, {ended} (UTC): {span(age(record))}"
    yield (
        f"  attempt {record.attempt}; tries of its own {record.tries_own}, of ours {record.tries_ours}, "
        f"re-runs of this attempt {record.reruns}; worker {record.worker}"
    )
    yield f"  seed {record.seed}, {_pictures(record)}, {_prompt(record, with_prompt=with_prompt)}"
    for name, value in sorted(record.params.items()):
        yield f"  {name} = {_parameter(value, with_prompt=with_prompt)}"
    if record.error_code is not None:
        yield f"  what to do: docs/ONCALL.md#{record.error_code}"


def _pictures(record: Record) -> str:
    told = ", ".join(f"{item.get('role')} ({item.get('kind')})" for item in record.inputs)
    return f"pictures: {told}" if told else "no pictures"


def _prompt(record: Record, *, with_prompt: bool) -> str:
    if record.prompt is None:
        return "no prompt (none was given, or it has been wiped)"
    if with_prompt:
        return f"prompt: {json.dumps(record.prompt, ensure_ascii=False)}"
    return f"a prompt of {len(record.prompt)} characters (--prompt shows it)"


def _parameter(value: object, *, with_prompt: bool) -> str:
    if isinstance(value, str) and not with_prompt and not _A_CHOICE.fullmatch(value):
        return f"{len(value)} characters (--prompt shows them)"
    return _plain(value)


def _phases(record: Record, events: Sequence[HistoryEvent]) -> Iterator[str]:
    phases = phases_of(events, now=record.now, worker=worker_phases(record.result or {}))
    if not phases:
        return
    yield ""
    yield "where its seconds went"
    for name, seconds in seconds_by_phase(phases).items():
        still = "  (still going on)" if phases[-1].open and phases[-1].name == name else ""
        yield f"  {name:<12}{seconds:>11.3f}{still}"
    yield f"  {'in all':<12}{sum(phase.seconds for phase in phases):>11.3f}  from the first event to the last"


def _timeline(events: Sequence[HistoryEvent]) -> Iterator[str]:
    if not events:
        return
    yield ""
    yield f"timeline, seconds from {moment(events[0].at)} UTC"
    for event in events:
        at_s = (event.at - events[0].at).total_seconds()
        detail = " ".join(f"{name}={_plain(value)}" for name, value in sorted(event.detail.items()))
        yield f"  {at_s:>10.3f}  #{event.attempt} {event.state:<10} {event.event:<20} {detail}".rstrip()


def _table(title: str, values: Mapping[str, object]) -> Iterator[str]:
    if not values:
        return
    yield ""
    yield title
    width = max(len(name) for name in values)
    for name, value in values.items():
        yield f"  {name:<{width}}  {_plain(value)}"


def _requests(requests: Sequence[RequestRecord]) -> Iterator[str]:
    if not requests:
        return
    yield ""
    yield "requests at providers"
    for request in requests:
        yield f"  #{request.attempt} {request.request_id or 'id unknown (the answer was lost)'}: {_standing(request)}"


def _standing(request: RequestRecord) -> str:
    said = [f"learned {moment(request.learned_at)}"]
    if request.missing_since is not None:
        said.append(f"unknown there since {moment(request.missing_since)}")
    if request.over_at is not None:
        said.append(f"over {moment(request.over_at)} ({request.outcome})")
    if request.sweep_at is not None:
        said.append("nobody waits for it: it is cancelled until it is over")
    if request.place_until is not None:
        said.append(f"keeps a place until {moment(request.place_until)}")
    return ", ".join(said)


def _mapping(value: object) -> Mapping[str, object]:
    return dict(sorted(value.items())) if isinstance(value, Mapping) else {}


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
