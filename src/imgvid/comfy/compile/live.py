"""The workflow while it is compiled: nodes as the editor would hold them after opening the file.

The saved file leaves much out (widget names, unlinked widget sockets), so that every rule of the export (which slot a
broadcast means, what a bypassed node passes on, which value a promoted widget shows) speaks about these nodes, not about
the JSON. They are built up step by step and therefore mutable; nothing of them leaves this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.objectinfo import InputSpec, NodeDef, OutputSpec

ALWAYS, MUTED, BYPASSED = 0, 2, 4
INSIDE_INPUT, INSIDE_OUTPUT = "-10", "-20"  # the ids of a subgraph's own two rails


class Unset(Enum):
    """No value at all: the editor would send nothing, where None would be sent as null."""

    UNSET = "unset"


UNSET = Unset.UNSET
Value = Json | Unset


@dataclass(slots=True, eq=False)
class Cell:
    """Where a widget's value lives; two widgets of one node with the same name share it."""

    value: Value = UNSET


@dataclass(slots=True, kw_only=True, eq=False)
class Widget:
    """One widget. `stored`: takes a place in widgets_values. `sent`: goes into the API graph."""

    name: str
    kind: str
    cell: Cell
    stored: bool = True
    sent: bool = True
    choices: list[Json] = field(default_factory=list)
    spec: InputSpec | None = None
    dice: bool = False  # text in which {a|b} is replaced by chance when the browser queues it


@dataclass(slots=True, kw_only=True, eq=False)
class Slot:
    """One input socket. `widget` names the widget behind it; `promoted` is the value that a subgraph's host shows."""

    name: str
    type: str
    link: str | None = None
    widget: str | None = None
    promoted: Widget | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Outlet:
    """One output socket; `links` are the ids of the links that leave it."""

    name: str
    type: str
    links: list[str] = field(default_factory=list)
    match: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class LiveLink:
    """A link of one graph. Ids are text; the rails of a subgraph are INSIDE_INPUT and INSIDE_OUTPUT."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Autogrow:
    """A list of sockets that grows: `images.image0`, `images.image1`, ..."""

    template: InputSpec
    names: tuple[str, ...]
    prefix: str
    least: int
    most: int


@dataclass(slots=True, kw_only=True, eq=False)
class LiveNode:
    """One node of one graph. Exactly one of `definition` (a server class), `inside` (a subgraph) or `virtual` is set,
    none of them for a class that the server does not have."""

    id: str
    type: str
    title: str
    mode: int
    properties: dict[str, Json] = field(default_factory=dict)
    inputs: list[Slot] = field(default_factory=list)
    outputs: list[Outlet] = field(default_factory=list)
    widgets: list[Widget] = field(default_factory=list)
    saved_values: Json = None
    definition: NodeDef | None = None
    inside: LiveGraph | None = None
    virtual: bool = False
    autogrow: dict[str, Autogrow] = field(default_factory=dict)
    matches: dict[str, dict[str, str]] = field(default_factory=dict)
    problem: CompileError | None = None

    @property
    def active(self) -> bool:
        return self.mode not in (MUTED, BYPASSED)

    def widget(self, name: str) -> Widget | None:
        """The first widget of this name; on a subgraph's host the promoted one."""
        if self.inside is not None:
            return next((s.promoted for s in self.inputs if s.promoted and s.promoted.name == name), None)
        return next((widget for widget in self.widgets if widget.name == name), None)

    def behind(self, slot: Slot) -> Widget | None:
        """The widget that an input socket stands for, or None for a plain socket."""
        if slot.promoted is not None:
            return slot.promoted
        return self.widget(slot.widget) if slot.widget else None

    def slot_of(self, widget: Widget) -> Slot | None:
        """The socket of a widget, or None where it has none."""
        for slot in self.inputs:
            if slot.promoted is widget or (slot.promoted is None and slot.widget == widget.name):
                return slot
        return None

    def input_index(self, name: str) -> int:
        """The index of an input, -1 where there is none of that name."""
        return next((i for i, slot in enumerate(self.inputs) if slot.name == name), -1)


@dataclass(slots=True, kw_only=True, eq=False)
class Rail:
    """One input or output of a subgraph, seen from the inside."""

    name: str
    type: str
    links: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class LiveGraph:
    """The root graph (`key` empty) or one subgraph definition with its rails."""

    key: str
    name: str = ""
    nodes: dict[str, LiveNode] = field(default_factory=dict)
    links: dict[str, LiveLink] = field(default_factory=dict)
    inputs: list[Rail] = field(default_factory=list)
    outputs: list[Rail] = field(default_factory=list)
    extra: dict[str, Json] = field(default_factory=dict)
    hosts: list[LiveNode] = field(default_factory=list)
    last_link: int = 0

    def holder(self, link: LiveLink) -> tuple[LiveNode, Slot] | None:
        """The node and the socket that really hold this link: a stale table entry has none."""
        node = self.nodes.get(link.target)
        if node is None:
            return None
        slot = next((slot for slot in node.inputs if slot.link == link.id), None)
        return (node, slot) if slot is not None else None

    def rail_targets(self, rail: Rail) -> Iterator[tuple[LiveNode, Slot]]:
        """Where a subgraph input leads inside, in the saved order."""
        for key in rail.links:
            link = self.links.get(key)
            held = self.holder(link) if link is not None else None
            if held is not None:
                yield held

    def connect(self, origin: str, origin_slot: int, target: LiveNode, slot: Slot) -> LiveLink:
        """A new link into a socket; what was there before is forgotten."""
        self.last_link += 1
        link = LiveLink(
            id=str(self.last_link),
            origin=origin,
            origin_slot=origin_slot,
            target=target.id,
            target_slot=target.inputs.index(slot),
            type=slot.type,
        )
        self.links[link.id] = link
        slot.link = link.id
        return link


def outlet(spec: OutputSpec) -> Outlet:
    """The socket of a declared output."""
    return Outlet(name=spec.name, type=spec.type, match=spec.match)


def is_compatible(a: str, b: str) -> bool:
    """Whether the editor lets two socket types meet: a wildcard, equal, or lists with a common member (case ignored)."""
    if a in ("", "*", "0") or b in ("", "*", "0") or a == b:
        return True
    ours, theirs = a.lower().split(","), b.lower().split(",")
    if "*" in ours or "*" in theirs:
        return True
    return not set(ours).isdisjoint(theirs)
