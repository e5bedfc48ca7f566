"""The memory of a fit does not grow with the table: the small version of the benchmark, under a hard limit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "larger_than_memory.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not SCRIPT.exists(), reason="needs RLIMIT_DATA and the source tree")
def test_the_peak_is_that_of_a_quarter_of_the_rows(tmp_path):
    command = [sys.executable, str(SCRIPT), "--small", "--hidden", "16", "--folder", str(tmp_path)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300, env=env)
    quarter, full = (json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{"))
    assert (quarter["rows"], full["rows"]) == (500_000, 2_000_000)
    assert full["peak_mb"] < 1.1 * quarter["peak_mb"]
