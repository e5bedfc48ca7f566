"""``python -m skann``: versions as package metadata has them, advice against what the processor has."""

import os
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skann import __version__
from skann._report import NEEDED, advice, processor_vectors, report, versions


def config(cpu="x86_64", found=("AVX2", "FMA3", "AVX512F", "AVX512_SKX")):
    """What `numpy.show_config` says of a processor."""
    simd = {"baseline": ["SSE", "SSE2", "SSE3"], "found": [*found]}
    return {"Machine Information": {"host": {"cpu": cpu}}, "SIMD Extensions": simd}


def openblas(kernel):
    return {"internal_api": "openblas", "architecture": kernel}


@pytest.mark.parametrize(
    ("kernel", "found", "is_slow"),
    [
        ("SkylakeX", ["AVX2", "AVX512_SKX"], False),
        ("Haswell", ["AVX2", "AVX512_SKX"], True),
        ("Haswell", ["X86_V3", "X86_V4", "AVX512_ICL"], True),  # NumPy 2.4
        ("Zen", ["AVX2", "FMA3"], False),
        ("Zen", ["X86_V3"], False),
        ("Prescott", ["X86_V3"], True),
        ("Sandybridge", ["AVX", "F16C"], False),
        ("Nehalem", [], False),
        ("of tomorrow", ["X86_V4"], False),
    ],
)
def test_advice_where_the_processor_has_more(kernel, found, is_slow):
    texts = advice([openblas(kernel), {"internal_api": "openmp"}], config(found=found), {})
    assert [kernel in text and "pip install --upgrade" in text for text in texts] == [True] * is_slow


def test_advice_names_what_chose_the_kernel():
    (text,) = advice([openblas("Haswell")], config(), {"OPENBLAS_CORETYPE": "Haswell"})
    assert "OPENBLAS_CORETYPE" in text
    assert "upgrade" not in text
    assert len(advice([openblas("Haswell")] * 2, config(), {"OPENBLAS_L2_SIZE": "1"})) == 2


def test_no_advice_about_what_is_not_known():
    assert advice([openblas("neoversen1"), openblas("Haswell")], config("aarch64", ["ASIMDHP"]), {}) == []
    assert advice([{"internal_api": "mkl"}, {"internal_api": "blis", "architecture": "haswell"}], config(), {}) == []


def test_versions_of_what_is_there():
    assert versions(["numpy", "no-such-package"]) == {"numpy": np.__version__}


def table(text):
    """The rows of a report: {name: value}."""
    return dict(line.rsplit("  ", 1) for line in text.partition("\n\n")[0].splitlines())


def test_the_report_has_all_of_it(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = {name.strip(): value for name, value in table(report()).items()}
    assert found["skann"] == __version__
    assert {name: found[name] for name in NEEDED} == {name: metadata.version(name) for name in NEEDED}
    assert found["OMP_NUM_THREADS"] == "1"
    kernels = {each.get("architecture") for each in threadpool_info() if each["user_api"] == "blas"} - {None}
    assert all(any(f"kernel {kernel}," in value for value in found.values()) for kernel in kernels)


@pytest.mark.slow
@pytest.mark.skipif(
    processor_vectors(np.show_config(mode="dicts")) not in ("AVX2", "AVX-512"), reason="the processor has no more"
)
def test_the_command_sees_an_old_kernel():
    """OpenBLAS takes a kernel without AVX by this name on any x86 processor."""
    environment = os.environ | {"OPENBLAS_CORETYPE": "Prescott"}
    command = [sys.executable, "-m", "skann"]
    text = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "\n\nOpenBLAS runs on the kernel" in text
    assert "unset it" in text
