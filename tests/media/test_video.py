"""Videos on their way to Telegram: real files are made, planned, carried out and read again."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgvid.media.atoms import read_layout
from imgvid.media.carry import Stopped, carry_out
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.plan import Action, Audio, VideoFacts, VideoTooLong, plan
from imgvid.media.video import BadVideo, frames_digest, probe, thumbnail

GOOD = VideoFacts(
    container="mp4",
    faststart=True,
    codec="h264",
    profile="High",
    pix_fmt="yuv420p",
    width=832,
    height=480,
    fps=24.0,
    frames=120,
    duration_s=5.0,
    audio_codec="aac",
    tags=(),
    extra_streams=0,
    bytes=3_000_000,
)


def made(
    path: Path,
    *,
    size: tuple[int, int] = (320, 180),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    frames: int = 24,
    fps: int = 24,
    audio: str | None = None,
    noise: bool = False,
    container: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a small real video; the picture's brightness rises with the time."""
    dice = np.random.default_rng(3)
    with av.open(str(path), "w", container_options=container or {}) as out:
        out.metadata.update(metadata or {})
        video = out.add_stream(codec, rate=fps, options={"crf": "1" if noise else "23", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        sound = out.add_stream(audio, rate=48_000) if audio else None
        for number in range(frames):
            pixels = np.full((size[1], size[0], 3), int(255 * number / frames), dtype=np.uint8)
            if noise:
                pixels = dice.integers(0, 255, pixels.shape, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            out.mux(video.encode(frame.reformat(format=pix_fmt)))
        out.mux(video.encode(None))
        if sound is not None:
            layout = sound.codec_context.layout.name
            for number in range(int(48_000 * frames / fps) // 1024):
                silence = av.AudioFrame.from_ndarray(
                    np.zeros((sound.codec_context.layout.nb_channels, 1024), dtype=np.float32), "fltp", layout
                )
                silence.sample_rate, silence.pts, silence.time_base = 48_000, number * 1024, Fraction(1, 48_000)
                out.mux(sound.encode(silence))
            out.mux(sound.encode(None))
    return path


def finished(source: Path, folder: Path, limits: VideoLimits = VIDEO_LIMITS) -> tuple[Action, VideoFacts, Path]:
    """Plan and carry out, then probe the result: it must need nothing more."""
    decision = plan(probe(source), limits)
    path = carry_out(decision, source, folder / "planned.mp4")
    facts = probe(path)
    assert plan(facts, limits).action is Action.KEEP, plan(facts, limits).reasons
    return decision.action, facts, path


def test_a_file_that_fits_is_sent_as_it_is(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", audio="aac", container={"movflags": "+faststart"})
    action, _, path = finished(source, tmp_path)
    assert (action, path) == (Action.KEEP, source)


def test_silence_is_added_without_touching_the_picture(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", frames=48)
    digest = frames_digest(source)
    action, facts, path = finished(source, tmp_path)
    assert action is Action.ADD_AUDIO
    assert facts.audio_codec == "aac"
    assert facts.faststart
    assert facts.duration_s == pytest.approx(2.0, abs=0.01)
    assert frames_digest(path) == digest
    with av.open(str(path)) as container:
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(2.0, abs=0.03)
        loudest = max(np.abs(frame.to_ndarray()).max() for frame in container.decode(audio=0))
    assert loudest < 1e-3


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_videos_get_their_track_too(tmp_path: Path, name: str, frames: int) -> None:
    for pix_fmt in ("yuv420p", "yuv444p"):
        source = made(tmp_path / name, frames=frames, pix_fmt=pix_fmt)
        _, facts, path = finished(source, tmp_path)
        assert facts.audio_codec == "aac"
        with av.open(str(path)) as container:
            assert len(list(container.decode(video=0))) == frames


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
def test_a_foreign_container_is_only_copied(tmp_path: Path, suffix: str) -> None:
    source = made(tmp_path / f"in.{suffix}", audio="aac")
    digest = frames_digest(source)
    action, facts, path = finished(source, tmp_path)
    assert action is Action.REMUX
    assert facts.container == "mp4"
    assert frames_digest(path) == digest


def test_the_index_moves_to_the_front_and_metadata_goes(tmp_path: Path) -> None:
    source = made(
        tmp_path / "in.mp4",
        audio="aac",
        metadata={"comment": '{"prompt": "secret words"}', "title": "secret title"},
    )
    assert b"secret" in source.read_bytes()
    assert not read_layout(source).is_faststart
    assert set(probe(source).tags) == {"comment", "title"}
    action, facts, path = finished(source, tmp_path)
    assert action is Action.REMUX
    assert facts.tags == ()
    assert b"secret" not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("in.mp4", {"pix_fmt": "yuv444p"}),
        ("in.mp4", {"codec": "libx265"}),
        ("in.mp4", {"codec": "mpeg4"}),
        ("in.mp4", {"size": (321, 181), "pix_fmt": "yuv444p"}),
        ("in.webm", {"codec": "libvpx-vp9"}),
        ("in.gif", {"codec": "gif", "pix_fmt": "rgb8"}),
    ],
)
def test_other_streams_are_encoded_anew(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    source = made(tmp_path / name, **options)
    action, facts, path = finished(source, tmp_path)
    assert action is Action.REENCODE
    assert (facts.codec, facts.pix_fmt, facts.width, facts.height) == ("h264", "yuv420p", 320, 180)
    assert facts.duration_s == pytest.approx(1.0, abs=0.06)
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(frames) == 24
    assert frames[0] < 40
    assert frames[-1] > 200


def test_other_sound_becomes_aac_beside_a_copied_picture(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mkv", audio="libmp3lame")
    digest = frames_digest(source)
    action, facts, path = finished(source, tmp_path)
    assert (action, facts.audio_codec) == (Action.REMUX, "aac")
    assert frames_digest(path) == digest


def test_too_heavy_a_file_is_squeezed_below_the_limit(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", noise=True, frames=48)
    limits = VideoLimits(max_bytes=source.stat().st_size // 3, budget_bytes=source.stat().st_size // 4)
    action, facts, _ = finished(source, tmp_path, limits)
    assert action is Action.REENCODE
    assert facts.bytes <= limits.max_bytes


def test_carrying_out_is_deterministic(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", pix_fmt="yuv444p")
    decision = plan(probe(source))
    first = carry_out(decision, source, tmp_path / "a.mp4").read_bytes()
    assert carry_out(decision, source, tmp_path / "b.mp4").read_bytes() == first


def test_carrying_out_stops_between_packets(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4")
    calls = iter([False, False, True])
    with pytest.raises(Stopped):
        carry_out(plan(probe(source)), source, tmp_path / "out.mp4", stop=lambda: next(calls))


@pytest.mark.parametrize("content", [b"", b"not a video at all", b"\0\0\0\x18ftypisom" + b"\0" * 200])
def test_what_is_no_video_says_so_without_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    for reader in (probe, thumbnail, frames_digest):
        with pytest.raises(BadVideo) as caught:
            reader(path)
        assert str(tmp_path) not in str(caught.value)


def test_a_video_cut_in_half_is_no_video(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadVideo):
        probe(source)


def test_thumbnail_keeps_telegrams_limits(tmp_path: Path) -> None:
    source = made(tmp_path / "in.mp4", size=(1280, 720), noise=True, frames=14)
    data = thumbnail(source)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (320, 180)
    assert len(data) < 200 * 1024


def test_digest_sees_the_frames_and_nothing_else(tmp_path: Path) -> None:
    first = frames_digest(made(tmp_path / "a.mp4"))
    assert first == frames_digest(made(tmp_path / "b.mkv", audio="aac", metadata={"title": "x"}))
    assert first != frames_digest(made(tmp_path / "c.mp4", frames=23))


@pytest.mark.parametrize(
    ("boxes", "faststart"),
    [(("ftyp", "moov", "free", "mdat"), True), (("ftyp", "free", "mdat", "moov"), False), (("ftyp", "moov"), False)],
)
def test_box_order_is_read_from_the_file(tmp_path: Path, boxes: tuple[str, ...], faststart: bool) -> None:
    path = tmp_path / "boxes.mp4"
    path.write_bytes(b"".join((16).to_bytes(4, "big") + name.encode() + b"isom\0\0\0\1" for name in boxes))
    layout = read_layout(path)
    assert layout.boxes == boxes
    assert layout.brand == "isom"
    assert layout.is_faststart is faststart


def test_box_sizes_of_64_bits_to_the_end_and_nonsense(tmp_path: Path) -> None:
    path = tmp_path / "boxes.mp4"
    path.write_bytes(
        (1).to_bytes(4, "big") + b"mdat" + (24).to_bytes(8, "big") + b"x" * 8 + (0).to_bytes(4, "big") + b"moov" + b"y"
    )
    assert read_layout(path).boxes == ("mdat", "moov")
    path.write_bytes((3).to_bytes(4, "big") + b"mdat" + b"x" * 50)
    assert read_layout(path).boxes == ()


Change = Callable[[VideoFacts], VideoFacts]


@pytest.mark.parametrize(
    ("changes", "action", "audio", "reason"),
    [
        ({}, Action.KEEP, Audio.COPY, None),
        ({"faststart": False}, Action.REMUX, Audio.COPY, "no_faststart"),
        ({"container": "matroska,webm"}, Action.REMUX, Audio.COPY, "container:matroska,webm"),
        ({"tags": ("prompt",)}, Action.REMUX, Audio.COPY, "metadata"),
        ({"extra_streams": 1}, Action.REMUX, Audio.COPY, "extra_streams"),
        ({"audio_codec": "opus"}, Action.REMUX, Audio.ENCODE, "audio:opus"),
        ({"audio_codec": None}, Action.ADD_AUDIO, Audio.SILENT, "audio:none"),
        ({"audio_codec": None, "codec": "hevc"}, Action.REENCODE, Audio.SILENT, "codec:hevc"),
        ({"pix_fmt": "yuv420p10le"}, Action.REENCODE, Audio.COPY, "pix_fmt:yuv420p10le"),
        ({"width": 641}, Action.REENCODE, Audio.COPY, "odd_sides"),
        ({"bytes": 50_000_001}, Action.REENCODE, Audio.COPY, "too_heavy"),
        ({"bytes": 50_000_000}, Action.KEEP, Audio.COPY, None),
        ({"bytes": 49_999_000, "audio_codec": None}, Action.REENCODE, Audio.SILENT, "too_heavy"),
    ],
)
def test_plan_chooses_the_least(changes: dict[str, object], action: Action, audio: Audio, reason: str | None) -> None:
    decision = plan(dataclasses.replace(GOOD, **changes))
    assert (decision.action, decision.audio) == (action, audio)
    assert (reason in decision.reasons) if reason else decision.reasons == ()


def test_bitrates_follow_the_budget() -> None:
    heavy = dataclasses.replace(GOOD, bytes=80_000_000)
    assert plan(heavy).max_kbps == 16_000
    assert plan(dataclasses.replace(heavy, duration_s=60.0)).max_kbps == 360_000 // 60 - 128  # facts/models.md 7
    with pytest.raises(VideoTooLong):
        plan(dataclasses.replace(heavy, duration_s=3600.0))


@given(
    duration_s=st.floats(0.04, 1500),
    width=st.integers(16, 4096),
    height=st.integers(16, 4096),
    size=st.integers(1, 500_000_000),
    audio=st.sampled_from([None, "aac", "opus"]),
)
def test_every_planned_encode_stays_below_the_limit(
    duration_s: float, width: int, height: int, size: int, audio: str | None
) -> None:
    facts = dataclasses.replace(GOOD, duration_s=duration_s, width=width, height=height, bytes=size, audio_codec=audio)
    decision = plan(facts)
    assert decision.width % 2 == decision.height % 2 == 0
    if decision.action is Action.REENCODE:
        worst = (decision.max_kbps * (duration_s + 1) + decision.audio_kbps * duration_s) * 125
        assert worst <= 50_000_000
