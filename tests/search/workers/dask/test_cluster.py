"""Our own worker processes."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal
from search.workers.dask.cluster import close_cluster, start_workers

def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])

if __name__ == "__main__":
    cluster = start_workers(2)
    for nanny in cluster.workers.values():
        with open(f"/proc/{nanny.pid}/status") as status:
            mask = next(line for line in status if line.startswith("SigBlk"))
        print("worker", bool(int(mask.split()[1], 16) >> (signal.SIGINT - 1) & 1))
    print("driver", blocked())
    close_cluster(cluster)
    os._exit(0)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the signal mask in /proc")
def test_ctrl_c_is_kept_from_the_workers_alone(tmp_path):
    """In a fresh process, since the first process that Python spawns is a case of its own."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == ["worker True", "worker True", "driver False"], done.stderr
