"""The GPU worker: one job in, one edited message out, nothing left behind. Reading order: handler, run, engines/base."""
