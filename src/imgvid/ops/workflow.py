"""`imgvid workflow compile | check | roles | show`: a ComfyUI workflow file, looked at before any GPU is started.

Exit codes: 0 done and nothing wrong, 1 refused or something found (said in sentences), 2 usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from imgvid.comfy import roles as suggested
from imgvid.comfy import show as shown
from imgvid.comfy.bind import BindingError
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.compile import Compiled, CompileError, compile_workflow
from imgvid.comfy.finding import Level
from imgvid.comfy.graph import Graph, GraphError, parse_graph
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.locked import check_lock
from imgvid.comfy.models import PACK_FOLDERS, model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.ops.workflow_files import (
    FileTrouble,
    read_binding,
    read_bundle,
    read_json,
    read_lock,
    read_mode_roles,
    read_object_info,
    server_files,
    server_object_info,
    write_text,
)

_Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str]) -> int:
    """Run one command of `imgvid workflow`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="imgvid workflow", description="ComfyUI workflow files, offline.")
    _add_commands(parser)
    try:
        options = parser.parse_args(list(argv))
    except SystemExit as stop:  # argparse has said what is wrong with the arguments, or printed the help
        return stop.code if isinstance(stop.code, int) else 2
    return run(options)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `workflow` to a larger command line; `run(options)` carries it out."""
    _add_commands(subparsers.add_parser("workflow", help="ComfyUI workflow files: compile, check, roles, show"))


def run(options: argparse.Namespace) -> int:
    """Carry out a parsed command. Every trouble ends as one sentence on stderr."""
    command: _Command = options.run
    try:
        return command(options)
    except FileTrouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except (CompileError, GraphError, BindingError) as refusal:
        print(f"{options.file}: {refusal}", file=sys.stderr)
        return 1


def _add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="workflow_command", required=True, metavar="COMMAND")
    compiling = _command(commands, "compile", _compile, "turns a file of the editor into the graph for the server")
    compiling.add_argument("-o", "--output", type=Path, help="where the API graph goes; default: standard output")
    checking = _command(commands, "check", _check, "proves that a workflow fits a server, a binding and a bundle")
    checking.add_argument("--binding", type=Path, help="the workflow's binding file (TOML)")
    checking.add_argument("--bundle", type=Path, help="the bundle manifest whose model files will be there (TOML)")
    checking.add_argument("--lock", type=Path, help="the image's nodes.lock, whose node packs will be there (TOML)")
    checking.add_argument("--mode", type=Path, help="the catalogue file of the mode that binds the workflow (TOML)")
    roles = _command(commands, "roles", _roles, "suggests a binding file")
    roles.add_argument("-o", "--output", type=Path, help="where the binding goes; default: standard output")
    _command(commands, "show", _show, "says what a workflow does: samplers, steps, frames, length, models")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run_it: _Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("file", type=Path, help="a workflow as the editor saves it, or an API graph")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--object-info", type=Path, help="a saved GET /object_info (.json or .json.gz)")
    source.add_argument("--server", help="the address of a running ComfyUI to ask instead, http://127.0.0.1:8188")
    parser.set_defaults(run=run_it)
    return parser


def _compile(options: argparse.Namespace) -> int:
    data = read_json(options.file)
    compiled = compile_workflow(data, _info(options))
    write_text(options.output, compiled.graph.text())
    for note in compiled.notes:
        print(note, file=sys.stderr)
    if options.output is not None:
        print(_compiled_line(compiled, options.output), file=sys.stderr)
    return 0


def _compiled_line(compiled: Compiled, path: Path) -> str:
    extra = f", {compiled.broadcasts} broadcast links made real" if compiled.broadcasts else ""
    return f"{path}: {len(compiled.graph.nodes)} nodes{extra}, graph {compiled.graph.hash()[:12]}"


def _check(options: argparse.Namespace) -> int:
    info = _info(options)
    data = read_json(options.file)
    graph = load_graph(data, info)
    files, optional = _files(options, graph)
    around = Surroundings(
        files=files,
        optional_files=optional,
        binding=read_binding(options.binding) if options.binding is not None else None,
        roles=read_mode_roles(options.mode) if options.mode is not None else None,
    )
    findings = check(graph, info, around)
    if options.lock is not None:
        findings += check_lock(graph, info, read_lock(options.lock), data)
    for finding in findings:
        print(finding)
    errors = sum(finding.level is Level.ERROR for finding in findings)
    if errors:
        print(f"{options.file}: {errors} {'error' if errors == 1 else 'errors'}; it would not run.", file=sys.stderr)
        return 1
    print(f"{options.file}: it fits. {len(graph.nodes)} nodes, graph {graph.hash()[:12]}", file=sys.stderr)
    return 0


def _roles(options: argparse.Namespace) -> int:
    info = _info(options)
    graph = load_graph(read_json(options.file), info)
    found = suggested.suggest(graph, info)
    write_text(options.output, suggested.toml(found, graph, info))
    if not found:
        print(f"{options.file}: no role could be found; write the binding by hand.", file=sys.stderr)
        return 1
    return 0


def _show(options: argparse.Namespace) -> int:
    info = _info(options)
    data = read_json(options.file)
    graph = load_graph(data, info)
    ui = data if isinstance(data.get("nodes"), list) else None
    print(f"{options.file.name}:", shown.text(shown.summarise(graph, info, ui)), end="")
    return 0


def load_graph(data: Mapping[str, Json], info: ObjectInfo) -> Graph:
    """The graph of a file of either kind. Raises CompileError or GraphError."""
    if isinstance(data.get("nodes"), list):
        return compile_workflow(data, info).graph
    return parse_graph(dict(data))


def _info(options: argparse.Namespace) -> ObjectInfo:
    if options.server is not None:
        return ObjectInfo(server_object_info(options.server))
    return ObjectInfo(read_object_info(options.object_info))


def _files(options: argparse.Namespace, graph: Graph) -> tuple[set[str] | None, set[str]]:
    """Model files that will be there and that may: the bundle's, else the server's, else not known."""
    if options.bundle is not None:
        return read_bundle(options.bundle)
    if options.server is not None:
        folders = {use.folder for use in model_uses(graph)} - {"", *PACK_FOLDERS}
        return server_files(options.server, folders), set()
    return None, set()
