"""The fault panel's hands: each lever armed, pulled and let go at the stand-in that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imgvid.sandbox.demo.levers import Kind, Lever
from imgvid.sandbox.runpod.words import Status

if TYPE_CHECKING:
    from imgvid.sandbox.demo.outside import Outside

_ALREADY_OVER = "Nothing is running at RunPod: send a photo first."


class NotNow(Exception):
    """The lever does nothing in this state; the sentence says what to do first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Switch:
    """A state of a stand-in that lasts until it is switched back."""

    is_on: Callable[[], bool]
    turn: Callable[[bool], None]
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Where faults of one kind are ordered. `left` is the number of hits that an order still has."""

    add: Callable[[Mapping[str, Any]], Any]
    left: Callable[[Any], int]
    faults: Any  # all(), remove(id), clear(): every stand-in has its own


@dataclass(slots=True, kw_only=True)
class Board:
    """What was armed, by lever. Pulling twice changes nothing, and so does letting go of one that is off."""

    outside: Outside
    _pulled: dict[str, Any] = field(default_factory=dict)  # lever id -> the order at its stand-in
    _desks: Mapping[Kind, _Desk] = field(init=False)
    _switches: Mapping[str, _Switch] = field(init=False)

    def __post_init__(self) -> None:
        self._desks, self._switches = _desks(self.outside), _switches(self.outside)

    def armed(self, lever: Lever) -> str | None:
        """How a lever that waits or goes on is called; None when it is off."""
        if lever.kind is Kind.SWITCH:
            return "on" if self._switches[lever.id].is_on() else None
        left = self._left(lever)
        return f"waits, {left} left" if left > 1 else "waits" if left else None

    def pull(self, lever: Lever) -> str:
        """Arm or do it; answers a sentence. Raises NotNow."""
        if self.armed(lever):
            return f"{lever.title}: it is armed already."
        if lever.kind is Kind.SWITCH:
            self._switches[lever.id].turn(True)
            return self._switches[lever.id].said
        if lever.kind is Kind.RERUN:
            return self._rerun()
        desk = self._desks.get(lever.kind)
        if desk is None:
            raise NotNow("this is no stand-in's to do")
        self._pulled[lever.id] = desk.add(lever.rule)
        return f"Armed. {lever.does}"

    def release(self, lever: Lever) -> str:
        """Switch it off; safe when it is off."""
        if lever.kind is Kind.SWITCH:
            self._switches[lever.id].turn(False)
        elif self._left(lever):
            self._desks[lever.kind].faults.remove(self._pulled[lever.id].id)
        return f"{lever.title}: off."

    def calm(self) -> None:
        """Every fault off."""
        for desk in self._desks.values():
            desk.faults.clear()
        for switch in self._switches.values():
            switch.turn(False)
        self._pulled.clear()

    def _left(self, lever: Lever) -> int:
        order, desk = self._pulled.get(lever.id), self._desks.get(lever.kind)
        if order is None or desk is None or order not in desk.faults.all():
            return 0
        return desk.left(order)

    def _rerun(self) -> str:
        endpoints = self.outside.endpoints()
        running = [(one, job) for one in endpoints for job in one.jobs.values() if job.status is Status.IN_PROGRESS]
        if not running or not running[-1][0].redeliver(running[-1][1]):
            raise NotNow(_ALREADY_OVER)
        return "A second worker gets the same job; the first one goes on."


def _desks(outside: Outside) -> Mapping[Kind, _Desk]:
    telegram, runpod, fal, comfyui = outside.world.faults, outside.cloud.faults, outside.fal.faults, outside.comfyui
    return {
        Kind.TELEGRAM: _Desk(
            add=lambda rule: telegram.add(dict(rule)), left=lambda order: order.times - order.hit, faults=telegram
        ),
        Kind.RUNPOD: _Desk(add=lambda rule: runpod.add(dict(rule)), left=lambda order: order.left or 1, faults=runpod),
        Kind.FAL: _Desk(add=lambda rule: fal.add(dict(rule)), left=lambda order: order.left or 1, faults=fal),
        Kind.COMFYUI: _Desk(
            add=lambda rule: comfyui.faults.add(**rule), left=lambda order: order.left or 1, faults=comfyui.faults
        ),
    }


def _switches(outside: Outside) -> Mapping[str, _Switch]:
    fal, comfyui = outside.fal, outside.comfyui

    def fal_rule(name: str, value: Any, usual: Any) -> Callable[[bool], None]:
        def turn(on: bool) -> None:
            fal.rules = fal.rules.changed({name: value if on else usual})

        return turn

    def without(pack: str) -> Callable[[bool], None]:
        return lambda on: comfyui.without.add(pack) if on else comfyui.without.discard(pack)

    return {
        "starve": _Switch(
            is_on=lambda: outside.no_gpu,
            turn=outside.take_gpus,
            said="No GPU will start until you switch this off.",
        ),
        "idle": _Switch(
            is_on=lambda: outside.limit() == 0, turn=outside.set_idle, said="Max workers is 0. Send a photo."
        ),
        "fal-locked": _Switch(
            is_on=lambda: fal.rules.locked,
            turn=fal_rule("locked", True, False),
            said="The account at Fal is empty. Ask for an image.",
        ),
        "comfyui-without": _Switch(
            is_on=lambda: "LivePortraitProcess" in comfyui.without,
            turn=without("LivePortraitProcess"),
            said="The node pack is gone. Ask for a living portrait.",
        ),
    }
