"""What needs a package, or a version of scikit-learn, that is not there is left out: code, doctests and tests."""

from importlib.util import find_spec

from skann._compat import has_callbacks

collect_ignore = [] if has_callbacks() else ["skann/callbacks", "tests/callbacks"]
collect_ignore += [] if all(map(find_spec, ("onnx", "onnxruntime", "skl2onnx"))) else ["skann/onnx", "tests/onnx"]
collect_ignore += [] if all(map(find_spec, ("dask", "distributed"))) else ["skann/dask", "skann/data/dask.py"]


def pytest_report_header():
    """Say it: a test that is not collected is easily missed."""
    return f"left out: {', '.join(collect_ignore)}" if collect_ignore else []
