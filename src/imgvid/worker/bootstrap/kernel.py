"""One small kernel on the GPU, in a process of its own: `python -m imgvid.worker.bootstrap.kernel`.

A process of its own, because a CUDA context here would hold video memory beside ComfyUI as long as the container lives.
Prints one JSON line with the GPU's name, its memory in MiB and the CUDA versions. Exit 0: the GPU computes; 1: it does not.
"""

from __future__ import annotations

import importlib
import json
import sys

_COUNT = 1 << 20


def main() -> int:
    """Square a million numbers on the GPU and compare with the closed formula."""
    try:
        torch = importlib.import_module("torch")  # only the image has it; our own tools do without its types
    except ImportError as error:
        print(json.dumps({"error": f"torch cannot be imported: {error}"}))
        return 1
    if not torch.cuda.is_available():
        print(json.dumps({"error": "no GPU that this torch can use", "built_for_cuda": str(torch.version.cuda)}))
        return 1
    try:
        numbers = torch.arange(_COUNT, dtype=torch.int64, device="cuda")
        result = int((numbers * numbers).sum().item())
    except RuntimeError as error:  # a driver that is too old, a card that fell off the bus
        print(json.dumps({"error": str(error).splitlines()[0]}))
        return 1
    if result != (_COUNT - 1) * _COUNT * (2 * _COUNT - 1) // 6:
        print(json.dumps({"error": "the GPU computes wrongly"}))
        return 1
    about = torch.cuda.get_device_properties(0)
    memory = about.total_memory // 2**20
    print(json.dumps({"gpu": about.name, "memory_mib": memory, "built_for_cuda": str(torch.version.cuda)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
