"""What makes the video: `comfy` is the real one, `preview` proves the whole path without models."""
