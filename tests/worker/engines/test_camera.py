"""The camera: always inside the picture, always smooth, the same for the same seed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.worker.engines.camera import ease, plan_move
from imgvid.worker.engines.preview import BUCKETS, bucket_for

SIDE = st.integers(128, 4000)


@given(width=SIDE, height=SIDE, bucket=st.sampled_from(BUCKETS), seed=st.integers(0, 2**63))
def test_every_box_lies_inside_and_keeps_the_frames_shape(
    width: int, height: int, bucket: tuple[int, int], seed: int
) -> None:
    ratio = bucket[0] / bucket[1]
    move = plan_move(width, height, ratio, seed)
    hull = move.hull
    for step in range(21):
        left, top, right, bottom = move.at(step / 20)
        assert left >= -1e-6
        assert top >= -1e-6
        assert right <= width + 1e-6
        assert bottom <= height + 1e-6
        assert (right - left) / (bottom - top) == pytest.approx(ratio, rel=1e-6)
        assert hull[0] - 1e-6 <= left < right <= hull[2] + 1e-6
        assert hull[1] - 1e-6 <= top < bottom <= hull[3] + 1e-6


def test_the_seed_alone_decides() -> None:
    moves = {seed: plan_move(1280, 720, 832 / 480, seed) for seed in range(20)}
    assert moves == {seed: plan_move(1280, 720, 832 / 480, seed) for seed in range(20)}
    assert len({(move.start, move.end) for move in moves.values()}) == 20
    closer = [move.start[2] - move.start[0] > move.end[2] - move.end[0] for move in moves.values()]
    assert 3 < sum(closer) < 17


def test_the_camera_never_jerks() -> None:
    steps = [ease(number / 119) for number in range(120)]
    assert (steps[0], steps[-1]) == (0.0, 1.0)
    speeds = [b - a for a, b in itertools.pairwise(steps)]
    changes = [abs(b - a) for a, b in itertools.pairwise(speeds)]
    assert min(speeds) > 0
    assert max(changes) < max(speeds) / 25


@pytest.mark.parametrize(
    ("picture", "bucket"),
    [
        ((1920, 1080), (832, 480)),
        ((4000, 300), (832, 480)),
        ((1080, 1920), (480, 832)),
        ((1000, 1000), (624, 624)),
        ((1280, 1024), (624, 624)),
        ((1280, 853), (832, 480)),
    ],
)
def test_the_bucket_is_the_nearest_in_shape(picture: tuple[int, int], bucket: tuple[int, int]) -> None:
    assert bucket_for(*picture) == bucket
