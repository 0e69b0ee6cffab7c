"""`imgvid workflow`: exit codes, clear sentences, files and a server; never a traceback."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from imgvid.ops.workflow import main
from tests.comfy.compile.workbench import CLASSES, Sheet, picture, saved

IMAGE = Path(__file__).resolve().parents[2] / "worker_image"


@pytest.fixture
def info(tmp_path: Path) -> Path:
    path = tmp_path / "object_info.json.gz"
    path.write_bytes(gzip.compress(json.dumps(CLASSES).encode()))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Scale", [2.0], title="Zoom")
    sheet.link(1, 0, 2, "image")
    saved(sheet, 2)
    path = tmp_path / "zoom.json"
    path.write_text(json.dumps(sheet.json()))
    return path


def _said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.out, captured.err


def test_compile_writes_the_graph_and_says_what_it_is(
    file: Path, info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "zoom.api.json"
    assert main(["compile", str(file), "--object-info", str(info), "-o", str(target)]) == 0
    graph = json.loads(target.read_text())
    assert graph["2"] == {
        "class_type": "Scale",
        "inputs": {"factor": 2.0, "image": ["1", 0]},
        "_meta": {"title": "Zoom"},
    }
    out, err = _said(capsys)
    assert out == ""
    assert "3 nodes" in err


def test_compile_without_a_target_prints_the_graph_alone(
    file: Path, info: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(file), "--object-info", str(info)]) == 0
    out, _ = _said(capsys)
    assert set(json.loads(out)) == {"1", "2", "99"}


def test_a_refusal_names_the_file_the_node_the_reason_and_the_way_out(
    info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = Sheet()
    sheet.node(7, "Mystery", [], title="Helper")
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(sheet.json()))
    assert main(["compile", str(path), "--object-info", str(info)]) == 1
    _, err = _said(capsys)
    assert err.startswith(f'{path}: Node 7 "Helper": the server has no class Mystery.')
    assert "Install its pack" in err


def test_check_and_show_read_both_kinds_of_files(
    file: Path, info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled = tmp_path / "zoom.api.json"
    main(["compile", str(file), "--object-info", str(info), "-o", str(compiled)])
    for path in (file, compiled):
        assert main(["check", str(path), "--object-info", str(info)]) == 0
        assert main(["show", str(path), "--object-info", str(info)]) == 0
    out, err = _said(capsys)
    assert out.count("No sampler") == 2
    assert err.count("it fits") == 2


def test_check_ends_with_one_where_something_is_wrong(
    file: Path, info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    binding = tmp_path / "zoom.toml"
    binding.write_text('[roles.prompt]\nnode = "Nobody"\ninput = "text"\n')
    assert main(["check", str(file), "--object-info", str(info), "--binding", str(binding)]) == 1
    out, err = _said(capsys)
    assert 'error: Role prompt: no node has the id or title "Nobody".' in out
    assert "1 error; it would not run" in err


def test_check_proves_a_bundle_a_lock_and_a_mode(
    info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = Sheet()
    sheet.node(1, "Checkpoint", ["base.safetensors"])
    sheet.node(2, "Decode")
    sheet.link(1, 2, 2, "vae", "VAE")
    sheet.node(3, "Latent", [64, 64])
    sheet.link(3, 0, 2, "samples", "LATENT")
    saved(sheet, 2)
    path, bundle = tmp_path / "base.json", tmp_path / "bundle.toml"
    path.write_text(json.dumps(sheet.json()))
    bundle.write_text(
        'format = 1\nname = "b"\nrevision = 1\n[[file]]\npath = "checkpoints/other.safetensors"\n'
        f'folder = "checkpoints"\nsize = 5\nsha256 = "{"a" * 64}"\nlicence = "MIT"\n'
    )
    mode = Path(__file__).resolve().parents[2] / "src" / "imgvid" / "catalog" / "modes" / "wan22-i2v.toml"
    options = ["check", str(path), "--object-info", str(info), "--lock", str(IMAGE / "nodes.lock")]
    assert main(options) == 0
    assert main([*options, "--bundle", str(bundle), "--mode", str(mode)]) == 1
    out, _ = _said(capsys)
    assert "its model file base.safetensors is not in checkpoints" in out
    bundle.write_text(bundle.read_text().replace("other", "base"))
    assert main([*options, "--bundle", str(bundle)]) == 0


def test_roles_writes_a_binding_or_says_that_there_is_none(
    file: Path, info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "zoom.toml"
    assert main(["roles", str(file), "--object-info", str(info), "-o", str(target)]) == 0
    assert "[roles.image]" in target.read_text()
    assert main(["check", str(file), "--object-info", str(info), "--binding", str(target)]) == 0
    empty = tmp_path / "empty.json"
    empty.write_text(json.dumps({"1": {"class_type": "SaveImage", "inputs": {}}}))
    assert main(["roles", str(empty), "--object-info", str(info)]) == 1
    assert "no role could be found" in _said(capsys)[1]


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (None, 2, "No such file"),
        (b"{", 2, "no JSON"),
        (b"\x1f\x8b broken", 2, "Not a gzipped file|no JSON|Unknown compression|Error"),
        (gzip.compress(b"{}")[:12] + b"!!!!!!!!!!", 2, "no JSON|Error"),
        (b"[]", 2, "no object"),
        (b"{}", 1, "no ComfyUI workflow"),
        (b'{"1": {"class_type": "X", "inputs": {}}}', 1, "an API graph already"),
    ],
)
def test_files_that_are_something_else(
    content: bytes | None, code: int, why: str, info: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "thing.json"
    if content is not None:
        path.write_bytes(content)
    assert main(["compile", str(path), "--object-info", str(info)]) == code
    _, err = _said(capsys)
    assert err.startswith(str(path))


def test_an_object_info_that_is_something_else(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(file), "--object-info", str(file)]) == 2
    assert "this is no object_info" in _said(capsys)[1]


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["compile"], ["compile", "a.json"], ["show", "a", "--object-info", "b", "--server", "c"]]
)
def test_wrong_usage_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: imgvid workflow" in _said(capsys)[1]


def test_help_ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "compile" in _said(capsys)[0]


class _Server(BaseHTTPRequestHandler):
    """Answers as ComfyUI does for what this tool asks."""

    answers: dict[str, Any] = {"/object_info": CLASSES, "/models/checkpoints": ["base.safetensors"]}  # noqa: RUF012 - read only

    def do_GET(self) -> None:
        body = json.dumps(self.answers.get(self.path)).encode()
        self.send_response(200 if self.path in self.answers else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the test's own output is what counts."""


@pytest.fixture
def server() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()
    thread.join()


def test_a_running_server_is_asked_for_classes_and_files(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, code in (("base.safetensors", 0), ("gone.safetensors", 1)):
        graph = {
            "1": {"class_type": "Checkpoint", "inputs": {"ckpt_name": name}},
            "2": {"class_type": "Decode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
            "3": {"class_type": "Latent", "inputs": {"width": 64, "height": 64}},
            "4": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
        }
        path = tmp_path / "graph.json"
        path.write_text(json.dumps(graph))
        assert main(["check", str(path), "--server", server]) == code
    assert "gone.safetensors is not in checkpoints" in _said(capsys)[0]


def test_a_server_that_is_not_there_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file), "--server", "http://127.0.0.1:1"]) == 2
    assert "is ComfyUI running there?" in _said(capsys)[1]
