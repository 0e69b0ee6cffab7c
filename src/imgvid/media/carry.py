"""Doing what a plan says, with PyAV: copy or encode the picture, copy, encode or make the sound, index first.

The destination has to be a real file: FFmpeg's faststart pass opens it a second time by name (facts/models.md 7).
Cancel between packets through `stop`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from imgvid.media.plan import Action, Audio, Plan
from imgvid.media.video import BadVideo, foreign_errors

_RATE_HZ = 48_000
_SILENT_KBPS = 64  # a silent AAC track takes about 2 kbit/s of it
_AAC_FRAME = 1024  # samples per AAC frame, fixed by the codec
_MUXER = {"movflags": "+faststart", "fflags": "+bitexact"}  # bitexact: no encoder tag, the same bytes tomorrow
_SILENCE = np.zeros((2, _AAC_FRAME), dtype=np.float32)

Stop = Callable[[], bool]


class Stopped(Exception):
    """`stop` said so; the destination is unfinished and worthless."""


def never() -> bool:
    """The stop that never comes."""
    return False


def carry_out(plan: Plan, source: Path, target: Path, *, stop: Stop = never) -> Path:
    """Make `target` from `source` as planned and return the file to send: `source` itself when it is kept.

    Deterministic for one build of FFmpeg. Raises BadVideo, OSError, Stopped.
    """
    if plan.action is Action.KEEP:
        return source
    with (
        foreign_errors(plan.action),
        av.open(str(source)) as inside,
        av.open(str(target), "w", format="mp4", options=_MUXER) as outside,
    ):
        if not inside.streams.video:
            raise BadVideo("no video stream")
        _Carrier(plan, inside, outside, stop).run()
    return target


class _Carrier:
    """One pass over the source. Sound is written along with the picture, so that the muxer holds little back."""

    def __init__(self, plan: Plan, inside: InputContainer, outside: OutputContainer, stop: Stop) -> None:
        self._plan, self._inside, self._outside, self._stop = plan, inside, outside, stop
        self._video_in = inside.streams.video[0]
        self._audio_in = inside.streams.audio[0] if inside.streams.audio else None
        self._encodes = plan.action is Action.REENCODE
        self._video_out = self._encoder() if self._encodes else outside.add_stream_from_template(self._video_in)
        self._video_out.metadata.clear()
        self._audio_out = self._audio_stream()
        self._silent_samples = 0
        rate, ticks = self._video_in.average_rate, self._video_in.time_base
        self._frame_ticks = int(1 / (rate * ticks)) if rate and ticks else 0  # for containers that name no durations

    def run(self) -> None:
        wanted = [stream for stream in (self._video_in, self._audio_in) if stream is not None]
        end_s = 0.0
        for packet in self._inside.demux(*wanted):
            if self._stop():
                raise Stopped
            if packet.pts is not None and packet.stream is self._video_in:
                self._silence(until_s=end_s)
                end_s = max(end_s, float((packet.pts + (packet.duration or self._frame_ticks)) * packet.time_base))
            if packet.stream is self._video_in:
                self._video(cast("av.Packet[VideoStream]", packet))
            else:
                self._audio(cast("av.Packet[AudioStream]", packet))
        if self._encodes:
            self._outside.mux(self._video_out.encode(None))
        self._silence(until_s=max(end_s, _AAC_FRAME / _RATE_HZ))  # a single frame's video needs its track too
        if self._audio_out is not None and self._plan.audio is not Audio.COPY:
            self._outside.mux(self._audio_out.encode(None))

    def _encoder(self) -> VideoStream:
        source, plan = self._video_in, self._plan
        stream = self._outside.add_stream(
            "libx264",
            rate=source.average_rate or source.guessed_rate or Fraction(24),
            options={
                "preset": "veryfast",
                "profile": "high",
                "crf": str(plan.crf),
                "maxrate": f"{plan.max_kbps}k",
                "bufsize": f"{plan.max_kbps}k",  # one second: the file stays within maxrate x (duration + 1 s)
            },
        )
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        if source.time_base is not None:
            stream.codec_context.time_base = source.time_base  # timestamps pass through: variable rates stay right
        bt709 = self._is_rgb()
        for name in ("color_primaries", "color_trc", "colorspace"):
            setattr(stream.codec_context, name, 1 if bt709 else getattr(source.codec_context, name))
        stream.codec_context.color_range = ColorRange.MPEG
        return stream

    def _is_rgb(self) -> bool:
        form = self._video_in.codec_context.format
        return form is not None and (form.is_rgb or form.has_palette)

    def _audio_stream(self) -> AudioStream | None:
        if self._plan.audio is Audio.COPY:
            if self._audio_in is None:
                return None
            copied = self._outside.add_stream_from_template(self._audio_in)
            copied.metadata.clear()
            return copied
        stream = self._outside.add_stream("aac", rate=_RATE_HZ, layout="stereo")
        stream.bit_rate = (_SILENT_KBPS if self._plan.audio is Audio.SILENT else self._plan.audio_kbps) * 1000
        return stream

    def _video(self, packet: av.Packet[VideoStream]) -> None:
        if not self._encodes:
            if packet.size:  # the demuxer ends with an empty packet
                packet.stream = self._video_out
                self._outside.mux(packet)
            return
        for frame in packet.decode():
            self._outside.mux(self._video_out.encode(self._fitted(frame)))

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        fitted = frame.reformat(
            width=self._plan.width,
            height=self._plan.height,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709 if self._is_rgb() else None,
            dst_color_range=ColorRange.MPEG,
        )
        fitted.pict_type = PictureType.NONE  # the source's key frames are no wish for ours
        return fitted

    def _audio(self, packet: av.Packet[AudioStream]) -> None:
        if self._audio_out is None:
            return
        if self._plan.audio is Audio.COPY:
            if packet.size:
                packet.stream = self._audio_out
                self._outside.mux(packet)
            return
        for frame in packet.decode():
            self._outside.mux(self._audio_out.encode(frame))

    def _silence(self, *, until_s: float) -> None:
        """Write whole AAC frames of nothing, never past `until_s`: the sound must not outlast the picture."""
        if self._plan.audio is not Audio.SILENT or self._audio_out is None:
            return
        while self._silent_samples + _AAC_FRAME <= until_s * _RATE_HZ:
            frame = AudioFrame.from_ndarray(_SILENCE, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, self._silent_samples, Fraction(1, _RATE_HZ)
            self._outside.mux(self._audio_out.encode(frame))
            self._silent_samples += _AAC_FRAME
