"""Building a node from its class: sockets first, then widgets with theirs, and the three kinds of inputs that change.

*Dynamic combo*: the chosen option brings sub-inputs, named `combo.sub`. *Autogrow*: a list of sockets with one spare at
its end. *Match type*: sockets that take the type of what they are connected to (`narrow` in types.py).
"""

from __future__ import annotations

from imgvid.comfy.compile.live import Autogrow, LiveNode, Slot, Value, Widget, outlet
from imgvid.comfy.compile.widgets import (
    AUTOGROW,
    DYNAMIC_COMBO,
    MATCH_TYPE,
    dynamic_choices,
    has_widget,
    make_widgets,
)
from imgvid.comfy.jsontypes import as_dict, as_int, as_list, as_text
from imgvid.comfy.objectinfo import InputSpec, NodeDef, parse_spec


def build(node: LiveNode, definition: NodeDef) -> None:
    """Give an empty node the sockets and widgets of its class."""
    node.definition = definition
    for spec in definition.ordered:
        add_socket(node, spec)
    for spec in definition.ordered:
        add_widget(node, spec)
    node.outputs = [outlet(spec) for spec in definition.outputs]


def add_socket(node: LiveNode, spec: InputSpec) -> None:
    """A plain socket; nothing for an input with a widget, several for an autogrow list."""
    if has_widget(spec):
        return
    if spec.type == AUTOGROW:
        _add_autogrow(node, spec)
    elif spec.type == MATCH_TYPE:
        _add_match(node, spec)
    else:
        node.inputs.append(Slot(name=spec.name, type=spec.type))


def add_widget(node: LiveNode, spec: InputSpec) -> None:
    """The widgets of an input and their socket; `socketless` inputs have one too, it is only not drawn."""
    if not has_widget(spec):
        return
    first = True
    for widget in make_widgets(spec):
        place(node, widget)
        if first and spec.widget_type == DYNAMIC_COMBO:
            choose(node, widget)
        first = False
    node.inputs.append(Slot(name=spec.name, type=spec.type, widget=spec.name))


def place(node: LiveNode, widget: Widget) -> None:
    """Append a widget; one of the same name and kind lends it its value."""
    twin = next((other for other in node.widgets if other.name == widget.name and other.kind == widget.kind), None)
    if twin is not None:
        widget.cell = twin.cell
    node.widgets.append(widget)


def set_value(node: LiveNode, widget: Widget, value: Value) -> None:
    """Put a value into a widget with what follows from it."""
    if widget.kind == "paragraph" and value is None:
        value = ""
    widget.cell.value = value
    if widget.spec is not None and widget.spec.widget_type == DYNAMIC_COMBO:
        choose(node, widget)


def choose(node: LiveNode, combo: Widget) -> None:
    """Rebuild the sub-inputs of a dynamic combo for its present value; links into inputs that stay are kept."""
    assert combo.spec is not None
    prefix = f"{combo.name}."
    removed = [slot for slot in node.inputs if slot.name.startswith(prefix)]
    node.inputs = [slot for slot in node.inputs if not slot.name.startswith(prefix)]
    node.widgets = [widget for widget in node.widgets if not widget.name.startswith(prefix)]
    value = combo.cell.value
    option = dynamic_choices(combo.spec).get(value) if isinstance(value, str) else None
    if option is None:
        return
    first_widget, first_slot = len(node.widgets), len(node.inputs)
    for group in ("required", "optional"):
        for key, raw in as_dict(option.get(group)).items():
            spec = parse_spec(f"{combo.name}.{key}", raw, optional=group == "optional")
            add_socket(node, spec)
            add_widget(node, spec)
    _move(node.widgets, first_widget, next(i for i, w in enumerate(node.widgets) if w is combo) + 1)
    home = node.input_index(combo.name)
    if home < 0:
        return
    _move(node.inputs, first_slot, home + 1)
    _relink(node, removed)


def _move(items: list[Widget] | list[Slot], start: int, to: int) -> None:
    """Move everything from `start` on to the index `to` before it."""
    tail = items[start:]
    del items[start:]
    items[to:to] = tail  # type: ignore[assignment]  # the tail comes from the same list


def _relink(node: LiveNode, removed: list[Slot]) -> None:
    for old in removed:
        index = node.input_index(old.name)
        if index < 0:
            continue
        slot = node.inputs[index]
        slot.link, slot.promoted = old.link, old.promoted
        if old.link is not None:
            grow(node, index)


def _add_match(node: LiveNode, spec: InputSpec) -> None:
    template = as_dict(spec.options.get("template"))
    allowed, group = as_text(template.get("allowed_types"), "*"), as_text(template.get("template_id"))
    node.inputs.append(Slot(name=spec.name, type=allowed))
    node.matches.setdefault(group, {})[spec.name] = allowed


def _add_autogrow(node: LiveNode, spec: InputSpec) -> None:
    template = as_dict(spec.options.get("template"))
    groups = as_dict(template.get("input"))
    inner = [
        parse_spec(key, raw, optional=group == "optional")
        for group in ("required", "optional")
        for key, raw in as_dict(groups.get(group)).items()
    ]
    if not inner:
        return
    names = tuple(as_text(name) for name in as_list(template.get("names")))
    node.autogrow[spec.name] = Autogrow(
        template=inner[0],
        names=names,
        prefix=as_text(template.get("prefix")),
        least=as_int(template.get("min"), 1),
        most=len(names) or as_int(template.get("max"), 100),
    )
    for ordinal in range(max(1, node.autogrow[spec.name].least + 1)):
        _add_member(node, spec.name, ordinal)


def member_name(node: LiveNode, group: str, ordinal: int) -> str:
    """The name of one socket of an autogrow list."""
    rule = node.autogrow[group]
    base = rule.names[ordinal] if rule.names and 0 <= ordinal < len(rule.names) else f"{rule.prefix}{ordinal}"
    return f"{group}.{base}"


def member_ordinal(node: LiveNode, name: str) -> tuple[str, int] | None:
    """The list and the place in it of a socket, or None for a socket of no list."""
    group, _, base = name.rpartition(".")
    rule = node.autogrow.get(group)
    if rule is None:
        return None
    if rule.names:
        return (group, rule.names.index(base)) if base in rule.names else None
    digits = base[len(base.rstrip("0123456789")) :]
    return (group, int(digits)) if digits else None


def grow(node: LiveNode, index: int) -> None:
    """A link came into a socket: where it belongs to a list, the list gets the next socket."""
    found = member_ordinal(node, node.inputs[index].name)
    if found is not None:
        _add_member(node, found[0], found[1] + 1)


def _add_member(node: LiveNode, group: str, ordinal: int) -> None:
    rule = node.autogrow[group]
    if ordinal >= rule.most:
        return
    name = member_name(node, group, ordinal)
    fresh = Slot(name=name, type=rule.template.type)
    if rule.template.type == MATCH_TYPE:
        template = as_dict(rule.template.options.get("template"))
        fresh.type = as_text(template.get("allowed_types"), "*")
        node.matches.setdefault(as_text(template.get("template_id")), {})[name] = fresh.type
    for old in [slot for slot in node.inputs if slot.name == name]:
        fresh.link = fresh.link if fresh.link is not None else old.link
        node.inputs.remove(old)
    before = member_name(node, group, ordinal - 1)
    last = max((i for i, slot in enumerate(node.inputs) if slot.name.startswith(before)), default=-1)
    node.inputs.insert(last + 1 if last >= 0 else len(node.inputs), fresh)
