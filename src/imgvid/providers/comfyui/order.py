"""What a job asks of the server: its mode, its graph, and the graph with the job's values in it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imgvid import log
from imgvid.catalog import Makes, Mode
from imgvid.catalog.choices import context
from imgvid.catalog.pick import Scalar
from imgvid.comfy.bind import BindingError
from imgvid.comfy.graph import Graph
from imgvid.comfy.history import Kind
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.workflow import Workflow, apart
from imgvid.jobs.errors import Code
from imgvid.providers.base import JobSpec, Rejected, Work

KINDS = {Makes.IMAGE: Kind.IMAGE, Makes.VIDEO: Kind.VIDEO}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One job, with what of the catalogue makes it. `look` finds faces in its picture first."""

    work: Work
    mode: Mode
    workflow: Workflow
    look: Workflow | None

    @property
    def kind(self) -> Kind:
        return KINDS[self.mode.makes]

    @property
    def classes(self) -> frozenset[str]:
        """Node classes whose declarations are asked for before anything is sent."""
        return self.workflow.classes() | (self.look.classes() if self.look is not None else frozenset())

    def graph(self, info: ObjectInfo, values: Mapping[str, Scalar], *, prompt: str) -> Graph:
        """The graph to send: `values` are what was found and laid down for this job, by name. Raises Rejected."""
        work, mode = self.work, self.mode
        asked = context(mode, work.params, {picture.role for picture in work.pictures})
        words = mode.prompt_for(work.prompt, asked)
        roles = mode.role_values(asked, {**work.params, "prompt": words, "seed": work.seed, **values})
        return _bound(self.workflow, info, roles, prompt=prompt)


def order_of(spec: JobSpec, catalogue: Mapping[str, Mode], workflows: Mapping[str, Workflow]) -> Order:
    """Raises Rejected for what this installation cannot make."""
    work = spec.work
    mode = catalogue.get(work.mode) if work is not None else None
    if work is None or mode is None or mode.workflow is None:
        raise Rejected("unknown_mode", "no mode of the catalogue with a graph", failure=Code.INTERNAL)
    asked = context(mode, work.params, {picture.role for picture in work.pictures})
    name = str(mode.workflow.of(asked))
    workflow = workflows.get(name)
    look = workflows.get(mode.faces) if mode.faces is not None else None
    if workflow is None or (mode.faces is not None and look is None):
        raise Rejected("unknown_workflow", f"no graph {name} for the mode {mode.id}", failure=Code.INTERNAL)
    return Order(work=work, mode=mode, workflow=workflow, look=look)


def look_graph(look: Workflow, info: ObjectInfo, picture: Scalar, *, prompt: str) -> Graph:
    """The graph that looks for faces in a picture that lies on the server."""
    return _bound(look, info, {"image": picture}, prompt=prompt)


def _bound(workflow: Workflow, info: ObjectInfo, values: Mapping[str, Scalar], *, prompt: str) -> Graph:
    try:
        bound = workflow.bind(values, info)
    except BindingError as error:
        raise Rejected("binding", f"{workflow.name}: {error}", failure=Code.INTERNAL) from None
    if bound.notes or bound.unused:
        log.get().info(log.PROMPT_BOUND, prompt=prompt, changed=bound.notes, unused=bound.unused)
    return apart(bound.graph, prompt)
