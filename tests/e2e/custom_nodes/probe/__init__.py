"""ProbeSampler for a real ComfyUI: the stand-in's node of this name, which takes its time in steps and hears an interrupt."""

import time

import comfy.model_management
import comfy.utils


class ProbeSampler:
    CATEGORY = "probe"
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "image": ("IMAGE",),
                "steps": ("INT", {"default": 3, "min": 1, "max": 10000}),
                "step_ms": ("INT", {"default": 100, "min": 0, "max": 100000}),
            }
        }

    def run(self, image, steps, step_ms):
        bar = comfy.utils.ProgressBar(steps)
        for number in range(steps):
            comfy.model_management.throw_exception_if_processing_interrupted()
            time.sleep(step_ms / 1000)
            bar.update_absolute(number + 1, steps)
        return (image,)


NODE_CLASS_MAPPINGS = {"ProbeSampler": ProbeSampler}
