"""A body against a model's fields, as pydantic does it for fal's apps: lax about types ("4" is a whole number, "4s" is
not), deaf to unknown keys, strict about choices (a number is never one of the texts "4" and "8").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from imgvid.sandbox.fal.problems import Loc, Problem, not_a_choice, out_of_range, problem, wrong_length
from imgvid.sandbox.fal.schema import Field, Kind, Model

PRESETS: Mapping[str, tuple[int, int]] = {  # fal toolkit image.py
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
MAX_SIDE_PX = 14142  # the same
_SCHEME_LENGTH = 16  # where a data URI of megabytes says what it is
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})  # pydantic's lax booleans
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})
_SCHEME = (
    "Value error, Invalid URL scheme '{scheme}:' in image URL. Only http://, https://, and data: URLs are supported. "
    "Browser-only URLs like blob: cannot be used."
)


class Invalid(Exception):
    """The value is refused; carries the entries for `detail`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0]["type"])
        self.problems = problems


def validate(model: Model, body: object, *, documented: bool = False) -> tuple[dict[str, object], list[Problem]]:
    """The inputs with every default filled in, and what is wrong with the body. Inputs count only without problems."""
    if not isinstance(body, dict):
        words = "Input should be a valid dictionary or object to extract fields from"
        return {}, [problem("model_attributes_type", words, loc=(), given=body)]
    inputs: dict[str, object] = {}
    problems: list[Problem] = []
    for name, field in model.fields.items():
        if name not in body:
            if field.required:
                problems.append(problem("missing", "Field required", loc=(name,), given=body))
            inputs[name] = field.default
            continue
        try:
            inputs[name] = _value(field, body[name], documented)
        except Invalid as invalid:
            problems += invalid.problems
    return inputs, problems or _either(model, inputs, body)


def ignored(model: Model, body: object) -> list[str]:
    """Keys that the model has never heard of: it says nothing about them, and does nothing."""
    return sorted(set(body) - set(model.fields)) if isinstance(body, dict) else []


def _either(model: Model, inputs: Mapping[str, object], body: object) -> list[Problem]:
    if not model.either:
        return []
    given = [name for name in model.either if inputs[name] not in (None, "", [])]
    if len(given) == 1:
        return []
    names = " or ".join(model.either)
    words = f"Value error, Either {names} must be provided" + (", but not both" if given else "")
    return [problem("value_error", words, loc=(), given=body)]


def _value(field: Field, value: object, documented: bool) -> object:
    if value is None and field.nullable:
        return None
    return _READERS[field.type](field, value, (field.name,), documented)


def _text(field: Field, value: object, loc: Loc, documented: bool) -> str:
    if not isinstance(value, str):
        raise Invalid(problem("string_type", "Input should be a valid string", loc=loc, given=value))
    _measured(field, value, loc, documented)
    return value


def _list(field: Field, value: object, loc: Loc, documented: bool) -> list[object]:
    if not isinstance(value, list):
        raise Invalid(problem("list_type", "Input should be a valid list", loc=loc, given=value))
    _measured(field, value, loc, documented)
    return value


def _measured(field: Field, value: str | list[object], loc: Loc, documented: bool) -> None:
    for limit, bound in (("min_length", field.min_length), ("max_length", field.max_length)):
        beyond = bound is not None and (len(value) < bound if limit == "min_length" else len(value) > bound)
        if bound is not None and beyond:
            raise Invalid(wrong_length(limit, bound, loc=loc, given=value, documented=documented))


def _choice(field: Field, value: object, loc: Loc, documented: bool) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise Invalid(not_a_choice(field.choices, loc=loc, given=value, documented=documented))
    return value


def _addresses(field: Field, value: object, loc: Loc, documented: bool) -> list[str]:
    given = _list(field, value, loc, documented)
    return [_address(one, (*loc, index)) for index, one in enumerate(given)]


def _integer(value: object, loc: Loc) -> int:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        if value.is_integer():
            return int(value)
        words = "Input should be a valid integer, got a number with a fractional part"
        raise Invalid(problem("int_from_float", words, loc=loc, given=value))
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            words = "Input should be a valid integer, unable to parse string as an integer"
            raise Invalid(problem("int_parsing", words, loc=loc, given=value)) from None
    raise Invalid(problem("int_type", "Input should be a valid integer", loc=loc, given=value))


def _number(value: object, loc: Loc) -> float:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            words = "Input should be a valid number, unable to parse string as a number"
            raise Invalid(problem("float_parsing", words, loc=loc, given=value)) from None
    raise Invalid(problem("float_type", "Input should be a valid number", loc=loc, given=value))


def _ranged(field: Field, number: float, loc: Loc, given: object) -> float:
    if field.ge is not None and number < field.ge:
        raise Invalid(out_of_range("ge", field.ge, loc=loc, given=given))
    if field.le is not None and number > field.le:
        raise Invalid(out_of_range("le", field.le, loc=loc, given=given))
    return number


def _boolean(value: object, loc: Loc) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, str | int) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    words = "Input should be a valid boolean"
    if isinstance(value, str | int):
        raise Invalid(problem("bool_parsing", f"{words}, unable to interpret input", loc=loc, given=value))
    raise Invalid(problem("bool_type", words, loc=loc, given=value))


def _size(field: Field, value: object, loc: Loc, documented: bool) -> object:
    presets = (*PRESETS, *(("auto",) if field.auto else ()))
    if isinstance(value, str) and value in presets:
        return value
    if not isinstance(value, dict):
        words = "Input should be a valid dictionary or object to extract fields from"
        raise Invalid(
            problem("model_attributes_type", words, loc=(*loc, "ImageSize"), given=value),
            not_a_choice(presets, loc=loc, given=value, documented=documented),
        )
    sides: dict[str, int] = {}
    for name in ("width", "height"):
        at: Loc = (*loc, "ImageSize", name)
        side = _integer(value.get(name, 512), at)
        if side <= 0:
            raise Invalid(out_of_range("gt", 0, loc=at, given=value[name]))
        if side > MAX_SIDE_PX:
            raise Invalid(out_of_range("le", MAX_SIDE_PX, loc=at, given=value[name]))
        sides[name] = side
    return sides


def _address(value: object, loc: Loc) -> str:
    if not isinstance(value, str):
        raise Invalid(problem("string_type", "Input should be a valid string", loc=loc, given=value))
    scheme = value[:_SCHEME_LENGTH].partition(":")[0].lower() if ":" in value[:_SCHEME_LENGTH] else ""
    if scheme not in {"http", "https", "data"}:
        raise Invalid(problem("value_error", _SCHEME.format(scheme=scheme), loc=loc, given=value))
    return value


_READERS: Mapping[Kind, Callable[[Field, object, Loc, bool], object]] = {
    Kind.STRING: _text,
    Kind.INTEGER: lambda field, value, loc, _: _ranged(field, _integer(value, loc), loc, value),
    Kind.NUMBER: lambda field, value, loc, _: _ranged(field, _number(value, loc), loc, value),
    Kind.BOOLEAN: lambda _field, value, loc, _: _boolean(value, loc),
    Kind.CHOICE: _choice,
    Kind.SIZE: _size,
    Kind.PICTURE: lambda _field, value, loc, _: _address(value, loc),
    Kind.PICTURES: _addresses,
    Kind.ITEMS: _list,
}
