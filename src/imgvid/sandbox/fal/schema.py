"""What each model takes, gives and costs, read from models/*.toml: one file a family, no model is known to any code.

A model may extend another one: fields are added or replaced, `without` drops some. Everything is checked when it is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("models")

Table = Mapping[str, object]


class Kind(StrEnum):
    """A field's type. A picture is a URL or data URI that is fetched; items are a list that is only counted."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SIZE = "size"
    PICTURE = "picture"
    PICTURES = "pictures"
    ITEMS = "items"


class Makes(StrEnum):
    PICTURE = "picture"
    EDIT = "edit"
    INPAINT = "inpaint"
    VIDEO = "video"


class Answer(StrEnum):
    """The shape of a result: which keys a family answers with."""

    FLUX = "flux"
    GEMINI = "gemini"
    FILE = "file"
    WAN = "wan"
    LTX = "ltx"


class Count(StrEnum):
    """What a billable unit is."""

    PICTURES = "pictures"
    MEGAPIXELS = "megapixels"  # of each picture, rounded up
    SECONDS = "seconds"
    MEGAPIXEL_FRAMES = "megapixel frames"  # width x height x frames, rounded up


class By(StrEnum):
    """Where a result's size comes from."""

    SIZE = "size"  # the field: a preset or {width, height}
    RATIO = "ratio"  # `aspect_ratio` and `resolution` in a table of the family's
    CLASS = "class"  # `aspect_ratio` or the picture, within a class such as 720p
    INPUT = "input"  # the picture's own, unless the field says another


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    type: Kind
    required: bool = False
    nullable: bool = False
    default: object = None
    choices: tuple[str, ...] = ()
    auto: bool = False  # a size that may be "auto"
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None  # characters of a text, items of a list
    max_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    by: By
    field: str = ""
    table: str = ""
    cls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a unit; `factors` multiply the units by an input's value (`{"resolution": {"720p": 2}}`)."""

    unit: str
    usd: float
    count: Count
    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """Of pictures taken in; sides in px, ratio = width / height."""

    min_side: int = 0
    min_ratio: float = 0.0
    max_ratio: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    id: str
    name: str
    category: str
    makes: Makes
    answer: Answer
    frame: Frame
    price: Price
    fields: Mapping[str, Field]
    fps: int | None = None  # None: the field of that name
    sound: str = ""  # the field that switches it
    either: tuple[str, ...] = ()  # exactly one of these
    pictures: PictureLimits = PictureLimits()
    mask_must_fit: bool = False

    @property
    def app(self) -> str:
        """owner/app: where the requests of the model live."""
        return "/".join(self.id.split("/")[:2])

    def picture_fields(self) -> list[str]:
        return [name for name, one in self.fields.items() if one.type in {Kind.PICTURE, Kind.PICTURES}]


@cache
def load_models() -> Mapping[str, Model]:
    """Every model by its id. Raises ValueError for a table that makes no sense."""
    raw: dict[str, dict[str, object]] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for table in _tables(tomllib.loads(path.read_text(encoding="utf-8")), "model"):
            raw[str(table["id"])] = _extended(table, raw)
    return {name: _model(table) for name, table in raw.items()}


def _extended(table: Table, known: Mapping[str, dict[str, object]]) -> dict[str, object]:
    own = dict(table)
    base = dict(known[str(own.pop("extends"))]) if "extends" in own else {}
    dropped = own.pop("without", [])
    fields = {**_table(base, "fields"), **_table(own, "fields")}
    assert isinstance(dropped, list)
    return {**base, **own, "fields": {name: one for name, one in fields.items() if name not in dropped}}


def _model(table: Table) -> Model:
    rest = {name: value for name, value in table.items() if name not in {"frame", "price", "fields", "pictures"}}
    frame = dict(_table(table, "frame"))
    price = dict(_table(table, "price"))
    fields = {name: _field(name, one) for name, one in _table(table, "fields").items()}
    either = rest.pop("either", ())
    assert isinstance(either, list | tuple)
    return Model(
        **{**rest, "makes": Makes(str(rest["makes"])), "answer": Answer(str(rest["answer"]))},  # type: ignore[arg-type]  # an unknown key or a missing one is a TypeError
        frame=Frame(
            by=By(str(frame["by"])),
            field=str(frame.get("field", "")),
            table=str(frame.get("table", "")),
            cls=str(frame.get("class", "")),
        ),
        price=Price(**{**price, "count": Count(str(price["count"]))}),  # type: ignore[arg-type]  # as above
        pictures=PictureLimits(**_table(table, "pictures")),  # type: ignore[arg-type]  # as above
        fields=fields,
        either=tuple(str(name) for name in either),
    )


def _field(name: str, table: object) -> Field:
    assert isinstance(table, dict)
    choices = tuple(str(choice) for choice in table.get("choices", ()))
    made = Field(**{**table, "name": name, "type": Kind(table["type"]), "choices": choices})
    if made.type is Kind.CHOICE and (not choices or not (made.default in choices or made.nullable or made.required)):
        raise ValueError(f"{name}: the default is not among the choices")
    return made


def _tables(table: Table, name: str) -> Iterable[Table]:
    value = table.get(name, [])
    assert isinstance(value, list)
    return value


def _table(table: Table, name: str) -> dict[str, object]:
    value = table.get(name, {})
    assert isinstance(value, dict)
    return dict(value)
