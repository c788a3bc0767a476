"""From a dataset to a candidate: the network, its training, the exported bundle, the tracking server."""

import os

# OpenMP reads this when torch is loaded, so it must stand before. A network of this size is thousands of
# short parallel regions a second: threads that sleep at once between them take twice the time, and those
# that spin for long burn the time of whoever shares the cores. Some microseconds of spinning cost neither
# (benchmarks/threads.py, docs/log.md).
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
