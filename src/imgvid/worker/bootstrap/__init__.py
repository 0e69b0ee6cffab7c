"""The image's PID 1: from an empty container to a worker that takes jobs, and out again when anything dies.

Reading order: command (the way in), run (the order of things), seek (the bundle in the platform's cache), place (links
into ComfyUI's folders), server (ComfyUI's command line and environment), ready (every workflow fits), supervise (children).
"""
