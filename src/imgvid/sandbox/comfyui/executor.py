"""Runs queued prompts one at a time and says so on the websocket, in the real server's order."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from imgvid.sandbox.comfyui.catalogue import classes
from imgvid.sandbox.comfyui.faults import Kind
from imgvid.sandbox.comfyui.nodes import InterruptedNode, NodeError, Run, node_error
from imgvid.sandbox.comfyui.world import Prompt, World, now_ms

Json = Any
_THROTTLE_S = 0.1  # the real server's least time between two reports of a step


class Executor:
    """The server's one worker thread, as a task. `die` ends the process; tests give another."""

    def __init__(self, world: World, die: Callable[[], None] | None = None) -> None:
        self._world = world
        self._die = die or (lambda: os._exit(9))

    async def run(self) -> None:
        """Take prompts for ever."""
        world = self._world
        while True:
            while not world.pending:
                world.news.clear()
                await world.news.wait()
            prompt = min(world.pending, key=lambda waiting: waiting.number)
            world.pending.remove(prompt)
            world.running = prompt
            await world.tell_status()
            world.memory.running = True
            try:
                entry = await _Execution(world, prompt, self._die).run()
            except _StartedAgain:
                world.forget_all()
                world.memory.running = False
                continue
            world.sockets.executing = (None, None)
            world.memory.running = False
            world.memory.job_done()
            await self._write_history(prompt, entry)

    async def _write_history(self, prompt: Prompt, entry: Json) -> None:
        world = self._world
        fault = world.faults.strike("history")
        if fault is None:
            world.history[prompt.id] = entry
        world.running = None
        await world.tell_status()
        await world.sockets.send(prompt.client_id, "executing", {"node": None, "prompt_id": prompt.id})
        if fault is not None and fault.kind is Kind.LATE:
            await asyncio.sleep(float(fault.extra.get("seconds", 0.3)))
            world.history[prompt.id] = entry


class _StartedAgain(Exception):
    """The process that ran the prompt is another one now."""


class _Execution:
    """One prompt."""

    def __init__(self, world: World, prompt: Prompt, die: Callable[[], None]) -> None:
        self._world, self._prompt, self._die = world, prompt, die
        self._classes = classes(world.models, world.without)
        self._results: dict[str, tuple[Any, ...]] = {}
        self._outputs: dict[str, Json] = {}
        self._states: dict[str, Json] = {}
        self._messages: list[Json] = []
        self._deaf_until = 0.0

    async def run(self) -> Json:
        """The history entry."""
        await self._message("execution_start", {})
        await self._message("execution_cached", {"nodes": []})
        success = False
        for node in self._order():
            try:
                await self._node(node)
            except InterruptedNode:
                await self._message("execution_interrupted", self._where(node))
                break
            except NodeError as error:
                await self._message("execution_error", {**self._where(node), **self._error(error)})
                break
        else:
            success = True
            await self._message("execution_success", {})
        done = {"status_str": "success" if success else "error", "completed": success, "messages": self._messages}
        meta = {
            key: {"node_id": key, "display_node": key, "parent_node": None, "real_node_id": key}
            for key in self._outputs
        }
        return {"prompt": self._prompt.item(), "outputs": self._outputs, "status": done, "meta": meta}

    def _order(self) -> list[str]:
        """Needed nodes first, outputs in their order."""
        order: list[str] = []

        def visit(key: str) -> None:
            if key in order:
                return
            for value in self._prompt.graph[key]["inputs"].values():
                if isinstance(value, list) and len(value) == 2:
                    visit(str(value[0]))
            order.append(key)

        for output in self._prompt.outputs_to_run:
            visit(output)
        return order

    async def _node(self, key: str) -> None:
        node = self._prompt.graph[key]
        kind = self._classes[node["class_type"]]
        if self._prompt.interrupted and time.monotonic() >= self._deaf_until:
            raise InterruptedNode
        await self._state(key, 0.0, 1.0, "running")
        self._world.sockets.executing = (self._prompt.client_id, key)
        await self._frame("executing", {"node": key, "display_node": key})
        await self._trouble(key, kind.name)
        given = {
            name: self._results[str(value[0])][value[1]] if isinstance(value, list) else value
            for name, value in node["inputs"].items()
        }
        run = Run(
            prompt=self._prompt,
            folders=self._world.folders,
            step=self._stepper(key),
            step_s=self._world.step_s,
            writes_metadata="--disable-metadata" not in self._world.argv,
            faces=self._world.faces,
        )
        self._results[key], shown = await kind.run(run, given)
        if shown:
            self._outputs[key] = shown
            await self._frame("executed", {"node": key, "display_node": key, "output": shown})
        state = self._states[key]
        await self._state(key, state["max"], state["max"], "finished")

    async def _trouble(self, key: str, class_type: str) -> None:
        fault = self._world.faults.strike(f"node:{class_type}")
        if fault is None:
            return
        match fault.kind:
            case Kind.RAISE:
                raise node_error(str(fault.extra.get("error", "value")))
            case Kind.DIE:
                self._die()
            case Kind.RESTART:
                raise _StartedAgain
            case Kind.DEAF:
                seconds = float(fault.extra.get("seconds", 1))
                self._deaf_until = time.monotonic() + seconds
                await asyncio.sleep(seconds)
            case Kind.SLOW:
                steps, step_s = int(fault.extra.get("steps", 10)), float(fault.extra.get("step_s", 0.1))
                for done in range(steps):
                    await asyncio.sleep(step_s)
                    await self._stepper(key)(done + 1, steps)

    def _stepper(self, key: str) -> Any:
        told_at = float("-inf")

        async def step(done: int, total: int) -> None:
            nonlocal told_at
            if self._prompt.interrupted:
                raise InterruptedNode
            now = time.monotonic()
            if done < total and now - told_at < _THROTTLE_S:
                return
            told_at = now
            await self._state(key, done, total, "running")
            await self._frame("progress", {"value": done, "max": total, "node": key})

        return step

    async def _state(self, key: str, value: float, most: float, state: str) -> None:
        self._states[key] = {
            "value": value,
            "max": most,
            "state": state,
            "node_id": key,
            "prompt_id": self._prompt.id,
            "display_node_id": key,
            "parent_node_id": None,
            "real_node_id": key,
        }
        await self._frame("progress_state", {"nodes": dict(self._states)})

    def _where(self, key: str) -> Json:
        return {
            "node_id": key,
            "node_type": self._prompt.graph[key]["class_type"],
            "executed": list(self._results),
        }

    def _error(self, error: NodeError) -> Json:
        # As the real one: what the nodes were given goes out to the client, a person's words among it.
        inputs = {name: [value] for node in self._prompt.graph.values() for name, value in node["inputs"].items()}
        return {
            "exception_message": str(error),
            "exception_type": error.kind,
            "traceback": ['  File "/comfyui/execution.py", line 545, in execute\n'],
            "current_inputs": inputs,
            "current_outputs": list(self._outputs),
        }

    async def _message(self, kind: str, data: Json) -> None:
        """A frame that history keeps."""
        whole = {**data, "prompt_id": self._prompt.id, "timestamp": now_ms()}
        self._messages.append([kind, whole])
        await self._send(kind, whole)

    async def _frame(self, kind: str, data: Json) -> None:
        await self._send(kind, {**data, "prompt_id": self._prompt.id})

    async def _send(self, kind: str, data: Json) -> None:
        fault = self._world.faults.strike(f"frame:{kind}")
        match fault.kind if fault else None:
            case Kind.CUT_SOCKETS:
                self._world.sockets.cut()
                await asyncio.sleep(0)
                return
            case Kind.MUTE:
                self._world.sockets.muted = True
            case Kind.DIE:
                self._die()
        await self._world.sockets.send(self._prompt.client_id, kind, data)
