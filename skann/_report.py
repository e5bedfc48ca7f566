"""What a bug report needs: versions, the libraries that compute, and advice where they could be faster."""

import os
import platform
from importlib import metadata
from pathlib import Path

import joblib
import numpy as np
import scipy.linalg  # noqa: F401 (loads the BLAS of SciPy, so that threadpoolctl sees it)
from threadpoolctl import threadpool_info

from ._version import __version__

NEEDED = ("numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl")
OPTIONAL = (
    "cloudpickle", "dask", "distributed", "matplotlib", "onnx", "onnxruntime", "pandas", "polars", "pyarrow", "rich",
    "skl2onnx", "skops",
)  # fmt: skip
VARIABLES = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip

# The vector instructions of x86 processors, from old to new.
VECTORS = ("SSE", "AVX", "AVX2", "AVX-512")
KERNELS = {  # of OpenBLAS: https://github.com/OpenMathLib/OpenBLAS/blob/develop/TargetList.txt
    "SSE": (
        "katmai", "coppermine", "northwood", "prescott", "banias", "atom", "core2", "penryn", "dunnington", "nehalem",
        "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "nano",
    ),
    "AVX": ("sandybridge", "bulldozer", "piledriver", "steamroller"),
    "AVX2": ("haswell", "zen", "excavator"),
    "AVX-512": ("skylakex", "cooperlake", "sapphirerapids"),
}  # fmt: skip
FEATURES = {  # NumPy's names, up to 2.3 and from 2.4 on
    "AVX": ("AVX",),
    "AVX2": ("AVX2", "X86_V3"),
    "AVX-512": ("AVX512_SKX", "X86_V4"),
}


def report():
    """The text that ``python -m skann`` prints.

    Returns
    -------
    text : str
    """
    config = np.show_config(mode="dicts")
    libraries = threadpool_info()
    variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    rows = [
        ("skann", __version__),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("platform", platform.platform()),
        ("processors", f"{joblib.cpu_count()}{_vectors_in_words(config)}"),
        *versions(NEEDED).items(),
        *versions(OPTIONAL).items(),
        ("BLAS of NumPy", config["Build Dependencies"]["blas"].get("name", "unknown")),
        *((owner(library), described(library)) for library in libraries),
        *variables.items(),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}  {value}" for name, value in rows]
    return "\n".join([*lines, *(f"\n{text}" for text in advice(libraries, config, variables))])


def versions(names):
    """The installed version of each package that there is, a dict."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def owner(library):
    """Whose copy of a library it is: the package that brings it along, or else the library's own name."""
    folders = Path(library["filepath"]).parts
    return next((f"library of {name}" for name in ("numpy", "scipy") if f"{name}.libs" in folders), library["prefix"])


def described(library):
    """A library as threadpoolctl describes it, in a line: what it is, its kernel, its number of threads."""
    what = " ".join(str(library[key]) for key in ("internal_api", "version") if library.get(key))
    kernel = f", kernel {library['architecture']}" if library.get("architecture") else ""
    layer = f" ({library['threading_layer']})" if library.get("threading_layer") else ""
    return f"{what}{kernel}, threads: {library['num_threads']}{layer}"


def advice(libraries, config, variables):
    """What could make the BLAS faster.

    Parameters
    ----------
    libraries : list of dict
        As `threadpoolctl.threadpool_info` returns them.
    config : dict
        As `numpy.show_config` returns it with ``mode="dicts"``.
    variables : dict of str to str
        The environment variables that count.

    Returns
    -------
    texts : list of str
        At most one for each cause, empty if there is none.
    """
    texts = []
    has = processor_vectors(config)
    kernels = {each["architecture"] for each in libraries if each["internal_api"] == "openblas"}
    slow = sorted(kernel for kernel in kernels if is_below(kernel_vectors(kernel), has))
    if slow:
        cause = f"OpenBLAS runs on the kernel {' and '.join(slow)}, which is for older processors: this one has {has}. "
        if "OPENBLAS_CORETYPE" in variables:
            remedy = "The environment variable OPENBLAS_CORETYPE chose the kernel: unset it."
        else:
            remedy = "A newer version of NumPy or SciPy may bring one for it: pip install --upgrade numpy scipy"
        texts.append(cause + remedy)
    if "OPENBLAS_L2_SIZE" in variables:
        texts.append("The environment variable OPENBLAS_L2_SIZE sets the blocks of OpenBLAS: unset it.")
    return texts


def is_below(vectors, others):
    """Whether vector instructions are older than others; an unknown kind, None, is not."""
    return None not in (vectors, others) and VECTORS.index(vectors) < VECTORS.index(others)


def kernel_vectors(kernel):
    """The vector instructions that a kernel of OpenBLAS uses, one of `VECTORS`; None if it is not known."""
    return next((vectors for vectors, kernels in KERNELS.items() if kernel.lower() in kernels), None)


def processor_vectors(config):
    """The newest of `VECTORS` that NumPy found in this processor; None if it is no x86 processor."""
    if config["Machine Information"]["host"]["cpu"].lower() not in ("x86_64", "amd64", "x86"):
        return None
    simd = config["SIMD Extensions"]
    found = {*simd.get("baseline", []), *simd.get("found", [])}
    return max((vectors for vectors in FEATURES if found & {*FEATURES[vectors]}), key=VECTORS.index, default=VECTORS[0])


def _vectors_in_words(config):
    vectors = processor_vectors(config)
    return f", with {vectors}" if vectors else f", {config['Machine Information']['host']['cpu']}"
