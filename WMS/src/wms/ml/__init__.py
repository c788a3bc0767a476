"""Pictures and the network: pure functions on arrays and tensors, no outside systems."""

import os

# OpenMP reads this when torch is loaded, so it must stand before. Its threads by default wait by
# spinning; on cores shared with anybody else each then burns the time that the other needs to
# arrive: one training step on two busy cores took 3.6 s spinning, 0.5 s sleeping (docs/log.md).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
