"""Are the model files of a graph there: those that it names, and those that a binding lets a person choose? Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Set
from dataclasses import replace

from imgvid.comfy.bind import Binding, BindingError, Role, find
from imgvid.comfy.finding import Finding, error, warning
from imgvid.comfy.graph import Graph
from imgvid.comfy.models import PACK_FOLDERS, ModelUse, model_uses


def missing(
    graph: Graph, outputs: list[str], files: Set[str], optional: Set[str], binding: Binding | None
) -> Iterator[Finding]:
    """What is missing among `files` (`vae/wan_2.1_vae.safetensors`); `optional` may be there as well.

    Of a role's choices all must be there, or one where the first that is there is taken.
    """
    roles = _with_choices(graph, binding) if binding is not None else {}
    needed = graph.upstream(outputs)
    for use in model_uses(graph):
        if use.node not in needed:
            continue
        role = roles.get((use.node, use.input))
        choices = [replace(use, file=choice) for choice in role.choices] if role is not None else []
        if role is not None and role.first_there and any(_is_there(choice, files | optional) for choice in choices):
            continue
        yield from _absent(graph, use, files, optional)
        if role is None or role.first_there:
            continue
        for choice in choices:
            if choice.file != use.file and not _is_there(choice, files | optional):
                folder = use.folder or "a models folder"
                yield error(graph.nodes[use.node], f"its choice {choice.file} is not in {folder}.")


def _absent(graph: Graph, use: ModelUse, files: Set[str], optional: Set[str]) -> Iterator[Finding]:
    if _is_there(use, files):
        return
    node, folder = graph.nodes[use.node], use.folder or "a models folder"
    if _is_there(use, optional):
        yield warning(node, f"its model file {use.file} is optional in the bundle; this workflow needs it.")
    elif use.folder not in PACK_FOLDERS or any(path.startswith(f"{use.folder}/") for path in files):
        tail = "" if use.required else " The server would leave it out without a word."
        yield error(node, f"its model file {use.file} is not in {folder}.{tail}")


def _with_choices(graph: Graph, binding: Binding) -> dict[tuple[str, str], Role]:
    """The roles that have choices of their own, by node and input."""
    found: dict[tuple[str, str], Role] = {}
    for role in binding.roles.values():
        for target in role.targets if role.choices else ():
            with contextlib.suppress(BindingError):  # check says it
                found[find(graph, role.name, target), target.input] = role
    return found


def _is_there(use: ModelUse, files: Set[str]) -> bool:
    """GGUF and diffusion models share their folders under several names; an unknown folder accepts the file anywhere."""
    if use.folder == "diffusion_models":
        return any(f"{folder}/{use.file}" in files for folder in ("diffusion_models", "unet", "unet_gguf"))
    if use.folder == "text_encoders":
        return any(f"{folder}/{use.file}" in files for folder in ("text_encoders", "clip", "clip_gguf"))
    if use.folder and use.folder not in PACK_FOLDERS:
        return f"{use.folder}/{use.file}" in files
    return any(path == use.file or path.endswith(f"/{use.file}") for path in files)
