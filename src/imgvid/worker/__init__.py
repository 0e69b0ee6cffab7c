"""The GPU worker: one job in, one edited message out, nothing left behind.

Reading order: handler (the SDK), run (the pipeline of one job), engines/base.
"""
