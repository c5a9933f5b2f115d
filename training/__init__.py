"""Training, benchmarks and the gate: what takes minutes and runs in processes of its own."""

import os

# Read when torch is loaded. Threads that wait for their next matrix spin otherwise, and whoever else wants the core waits for them: of two
# trainings at once on two cores each took 48 s, and 12 with this; one alone took 12 either way.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
