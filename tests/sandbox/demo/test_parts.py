"""The small parts: logbook, tail of worker logs, made pictures, reachable programs, the command line."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from imgvid.sandbox.demo.command import main
from imgvid.sandbox.demo.keeper import Keeper, reachable
from imgvid.sandbox.demo.levers import BY_ID, LEVERS
from imgvid.sandbox.demo.logbook import KEPT_LINES, Line, Logbook
from imgvid.sandbox.demo.picture import NUMBERS, made_picture
from imgvid.sandbox.demo.postgres import install
from imgvid.sandbox.demo.tail import Tail


def test_the_logbook_keeps_the_newest_lines() -> None:
    heard: list[Line] = []
    book = Logbook(echo=heard.append, clock=lambda: 5.0)
    for number in range(KEPT_LINES + 10):
        book.write("bot", f"line {number}\n")
    book.write("bot", "   \n")
    assert len(heard) == KEPT_LINES + 10
    assert [line.text for line in book.after(KEPT_LINES + 8)] == [f"line {KEPT_LINES + 8}", f"line {KEPT_LINES + 9}"]
    assert len(book.after(0, limit=3)) == 3
    assert book.tail("dispatcher", 5) == []


def test_the_tail_brings_whole_lines_once(tmp_path: Path) -> None:
    tail, log = Tail(tmp_path), tmp_path / "demo-worker-1.log"
    assert tail.look() == []
    log.write_text("one\ntw")
    assert tail.look() == [("demo-worker-1", "one")]
    with log.open("a") as file:
        file.write("o\nthree\n")
    assert tail.look() == [("demo-worker-1", "two"), ("demo-worker-1", "three")]
    assert tail.look() == []


@pytest.mark.parametrize("number", NUMBERS)
def test_made_pictures_are_photos(number: int) -> None:
    with Image.open(io.BytesIO(made_picture(number))) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert max(picture.size) in range(1200, 1281)
    assert made_picture(1) != made_picture(2)


def test_a_program_behind_a_private_folder_is_not_reachable(tmp_path: Path) -> None:
    program = tmp_path / "private" / "program"
    program.parent.mkdir(mode=0o700)
    program.write_text("")
    program.chmod(0o755)
    assert not reachable(program)
    assert reachable(Path("/bin/sh").resolve())


def test_a_temp_folder_that_others_cannot_enter_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    keeper = Keeper()
    try:
        assert keeper.folder().parent == Path("/tmp")
    finally:
        keeper.close()


def test_postgres_runs_from_a_copy_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `nobody` cannot reach the wheel (a clone below /root): programs and libraries move together."""
    monkeypatch.setattr("imgvid.sandbox.demo.postgres.reachable", lambda _path: False)
    programs = install(tmp_path, 65534)
    assert tmp_path in programs.parents
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("postgres (PostgreSQL)")


def test_levers_say_what_they_do_and_what_to_see() -> None:
    assert len(BY_ID) == len(LEVERS)
    for lever in LEVERS:
        assert lever.does.endswith(".")
        assert lever.see.endswith(".")
        assert "rule" not in lever.view()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "a.jpg"], "need --once"),
        (["demo", "--mode", "image"], "need --once"),
        (["demo", "--once", "--set", "seconds=4"], "--set needs --mode"),
        (["demo", "--once", "--mode", "image", "--set", "seconds"], "a choice looks like seconds=8"),
        (["demo", "--once", "--mode", "image", "--set", "seconds=4"], "image has no seconds; it has quality, size"),
        (["demo", "--once", "--mode", "painting"], "invalid choice: 'painting'"),
        (["demo", "--once", "no/such.jpg"], "no such photo: no/such.jpg"),
        (["demo", "--once", "--out", "no/such/folder/x.mp4"], "there is no folder for --out"),
        (["demo", "--engine", "preview", "--comfy", "."], "--comfy needs --engine comfy"),
        (["demo", "--comfy", "no/such/folder"], "no/such/folder is no ComfyUI"),
    ],
)
def test_usage(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
