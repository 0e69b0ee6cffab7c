"""A mode: one way to make a picture or a video, from one TOML file.

Everything that differs between modes is in the file: what it takes, what a person may choose, which combinations are
impossible, what it costs and how long it takes, which workflow or which hosted models make it, and what they are given.
`catalog/read.py` reads the file; nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from imgvid.catalog.fill import Template, fill, names_in
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Choices, Pick, Scalar, When
from imgvid.catalog.price import Price


class Makes(StrEnum):
    """What comes out."""

    IMAGE = "image"
    VIDEO = "video"


class Group(StrEnum):
    """How people look for a mode: by what they have and what they want."""

    IMAGE = "image"  # words -> picture
    VIDEO = "video"  # words -> video
    PHOTO_VIDEO = "photo-video"
    PHOTO_IMAGE = "photo-image"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRule:
    """One role of pictures that the mode takes. `crop` names the parameter whose ratio the picture is cut to."""

    role: str
    required: bool
    crop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRule:
    """The words that go with it. `suffix` is added by choice (a style), for the model only.

    `chooses`: no model reads them; whatever stands for a choice in them, chooses.
    """

    required: bool
    max_chars: int
    default: str
    suffix: Pick | None
    chooses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A combination that is never offered; `why` is the key of the text that says so when somebody types it."""

    when: When
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One hosted model that can make it: its id, for which choices, and the body that it is asked with.

    `negative_in_prompt`: the model follows instructions, so what is unwanted is said as "Avoid: …".
    """

    id: str
    when: When
    body: Template
    negative_in_prompt: bool
    price: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to make a picture or a video."""

    id: str
    makes: Makes
    lane: str
    backend: str
    inputs: tuple[InputRule, ...]
    prompt: PromptRule
    params: tuple[Param, ...]
    refuses: tuple[Refusal, ...]
    run_for: timedelta  # deadline of one attempt, boot included
    expires_in: timedelta  # of the whole job, waiting included
    expected_s: Pick  # seconds for one attempt, until our own history knows better
    price: Price | None  # the operator's cost
    vram_gb: Pick | None  # GPU memory that a choice needs at least
    seeded: Pick  # whether a seed has an effect
    workflow: Pick | None  # the ComfyUI graph's name
    roles: Template | None  # role of that graph's binding -> value; None: parameters under their own names
    faces: str | None  # a graph that finds the faces of `image` first: roles are given `$face_x` and so on
    models: tuple[Model, ...]

    @property
    def group(self) -> Group:
        takes = any(rule.required for rule in self.inputs)
        if self.makes is Makes.IMAGE:
            return Group.PHOTO_IMAGE if takes else Group.IMAGE
        return Group.PHOTO_VIDEO if takes else Group.VIDEO

    @property
    def max_inputs(self) -> int:
        return len(self.inputs)

    @property
    def workflows(self) -> tuple[str, ...]:
        """Names of every graph that some choice leads to."""
        first = () if self.faces is None else (self.faces,)
        return () if self.workflow is None else (*dict.fromkeys(str(name) for name in self.workflow.values), *first)

    def param(self, name: str) -> Param | None:
        return next((one for one in self.params if one.name == name), None)

    def input(self, role: str) -> InputRule | None:
        return next((rule for rule in self.inputs if rule.role == role), None)

    def models_for(self, choices: Choices) -> tuple[Model, ...]:
        """The models that can make these choices, best first."""
        return tuple(model for model in self.models if model.when.holds(choices))

    def price_for(self, choices: Choices) -> Price | None:
        """What the first model of these choices costs, or the mode itself."""
        first = next((model.price for model in self.models if model.price and model.when.holds(choices)), None)
        return first or self.price

    def expected(self, choices: Choices) -> timedelta:
        return timedelta(seconds=self.expected_s.number(choices) or 0)

    def is_seeded(self, choices: Choices) -> bool:
        return self.seeded.of(choices) is not False

    def prompt_for(self, text: str, choices: Choices) -> str:
        """The person's words, or the mode's own, with what a choice adds."""
        words = text.strip() or self.prompt.default
        suffix = self.prompt.suffix.of(choices) if self.prompt.suffix is not None else None
        return f"{words}, {suffix}" if suffix and words else words

    def roles_set(self) -> dict[str, bool]:
        """Every role that a job may set in the graph, with whether each job does: what a person may leave out does not."""
        left_out = {rule.role for rule in self.inputs if not rule.required}
        left_out |= {param.name for param in self.params if param.text_max or param.only_when.allowed}
        if not isinstance(self.roles, dict):
            return {**{rule.role: rule.required for rule in self.inputs}, "prompt": True, "seed": True}
        return {role: not names_in(value) & left_out for role, value in self.roles.items()}

    def role_values(self, choices: Choices, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """What the graph's roles are given: `values` holds parameters, prompt, seed and pictures by name."""
        if self.roles is None:
            return dict(values)
        filled: dict[str, Scalar] = fill(self.roles, choices, values)
        return filled
