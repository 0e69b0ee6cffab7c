"""One entry of a 422's `detail` list, in the words of pydantic 2, as fal's apps answer (observed), or as fal's page of
errors documents them (`documented`: one_of, sequence_too_short, sequence_too_long).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Loc = tuple[str | int, ...]
Problem = dict[str, object]

ERRORS_URL = "https://docs.fal.ai/errors#"


def problem(
    kind: str, msg: str, *, loc: Sequence[str | int], given: object = None, ctx: Mapping[str, object] | None = None
) -> Problem:
    """`loc` without the leading "body"."""
    made: Problem = {"loc": ["body", *loc], "msg": msg, "type": kind, "url": f"{ERRORS_URL}{kind}"}
    if ctx is not None:
        made["ctx"] = dict(ctx)
    return {**made, "input": given}


def named(choices: Sequence[str]) -> str:
    """'a', 'b' or 'c'"""
    quoted = [f"'{choice}'" for choice in choices]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def not_a_choice(choices: Sequence[str], *, loc: Loc, given: object, documented: bool) -> Problem:
    words = named(choices)
    kind = "one_of" if documented else "literal_error"
    ctx = {"expected": list(choices) if documented else words}
    return problem(kind, f"Input should be {words}", loc=loc, given=given, ctx=ctx)


def out_of_range(name: str, bound: float, *, loc: Loc, given: object) -> Problem:
    """`name` is ge, le, gt or lt."""
    kind, words = _RANGES[name]
    return problem(kind, f"Input should be {words} {bound:g}", loc=loc, given=given, ctx={name: bound})


def wrong_length(limit: str, bound: int, *, loc: Loc, given: str | list[object], documented: bool) -> Problem:
    """`limit` is min_length or max_length."""
    short, most = limit == "min_length", "least" if limit == "min_length" else "most"
    end = "short" if short else "long"
    if documented:
        return problem(
            f"sequence_too_{end}",
            f"Sequence should have at {most} {bound} items",
            loc=loc,
            given=given,
            ctx={limit: bound},
        )
    if isinstance(given, str):
        words = f"String should have at {most} {bound} character{'' if bound == 1 else 's'}"
        return problem(f"string_too_{end}", words, loc=loc, given=given, ctx={limit: bound})
    items = f"item{'' if bound == 1 else 's'}"
    words = f"List should have at {most} {bound} {items} after validation, not {len(given)}"
    ctx = {"field_type": "List", limit: bound, "actual_length": len(given)}
    return problem(f"too_{end}", words, loc=loc, given=given, ctx=ctx)


_RANGES = {
    "ge": ("greater_than_equal", "greater than or equal to"),
    "le": ("less_than_equal", "less than or equal to"),
    "gt": ("greater_than", "greater than"),
    "lt": ("less_than", "less than"),
}
