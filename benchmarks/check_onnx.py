"""Does ONNX Runtime say what skann says? Fits on every table of a folder, exports, and compares on the test rows.

    python benchmarks/check_onnx.py FOLDER [--default] [--only NAME,...] [--params JSON] [--float32]

FOLDER holds clf/*.parquet and reg/*.parquet, with the column "target". Without --default, two networks are trained for
five epochs, which is enough to compare. Printed are, for each table, how many labels differ (in brackets those of rows
whose two most probable classes are closer than 1e-5), the largest difference of probabilities, or of values in units of
the target's standard deviation, and the processor time per 1000 rows of ONNX Runtime, on one thread, and of skann. The
exit status is 1 if a label differs that is not in brackets, or a difference exceeds 1e-5.
"""

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.model_selection import train_test_split

from skann import ANNClassifier, ANNRegressor
from skann.onnx import to_onnx

TOLERANCE = 1e-5
NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}


def load(path, as_float32):
    """Training and test rows: those of the score card, at most 10000 of each."""
    X = pd.read_parquet(path)
    y = X.pop("target")
    y = y.astype(str).to_numpy(dtype=object).astype(str) if path.parent.name == "clf" else y.to_numpy(np.float64)
    if as_float32:
        X = X.astype({name: np.float32 for name in X.columns if X[name].dtype.kind == "f"})
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.25, random_state=0, stratify=y if path.parent.name == "clf" else None
    )
    return X_train[:10000], X_test[:10000], y_train[:10000], y_test[:10000]


def feed(session, X):
    """The columns of a DataFrame as the session wants them."""
    tensors = {}
    for each in session.get_inputs():
        column = X[[each.name]].to_numpy(dtype=object)
        tensors[each.name] = column.astype(NUMPY_TYPES[each.type]) if each.type in NUMPY_TYPES else column
    return tensors


def timed(function, n_rows):
    """What a function returns, and its processor time in milliseconds per 1000 rows: the lower of two."""
    times = []
    for _ in range(2):
        begin = time.process_time()
        result = function()
        times.append(time.process_time() - begin)
    return result, min(times) / n_rows * 1e6


def compare(path, params, as_float32):
    """A line for the table, and whether all is well."""
    X_train, X_test, y_train, y_test = load(path, as_float32)
    is_classifier = path.parent.name == "clf"
    model = (ANNClassifier if is_classifier else ANNRegressor)(random_state=0, **params).fit(X_train, y_train)
    exported = to_onnx(model, X_train).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    tensors = feed(session, X_test)
    outputs, milliseconds = timed(lambda: session.run(None, tensors), len(X_test))
    predict = model.predict_proba if is_classifier else model.predict
    predicted, own_milliseconds = timed(lambda: predict(X_test), len(X_test))
    text = f"{path.stem:<22}{len(exported) / 1e6:6.2f} MB {milliseconds:6.1f} ms, skann {own_milliseconds:6.1f} ms "
    if not is_classifier:
        difference = np.abs(outputs[0].ravel() - predicted).max() / y_test.std()
        return f"{text} value {difference:.1e}", difference <= TOLERANCE
    difference = np.abs(outputs[1] - predicted).max()
    differ = outputs[0] != model.predict(X_test)
    first, second = np.sort(predicted, axis=1)[:, :-3:-1].T
    tie = first - second < TOLERANCE
    text += f" proba {difference:.1e}  labels {(differ & ~tie).sum()} ({(differ & tie).sum()}) of {len(X_test)}"
    return text, difference <= TOLERANCE and not (differ & ~tie).any()


def main():
    """Compare on all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--default", action="store_true", help="train with the default parameters")
    parser.add_argument("--params", type=json.loads, default={}, help="parameters of the estimators, as JSON")
    parser.add_argument("--float32", action="store_true", help="columns of floats as float32")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names of tables")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of few epochs
    params = ({} if arguments.default else {"n_estimators": 2, "max_iter": 5}) | arguments.params
    paths = sorted(arguments.folder.glob("clf/*.parquet")) + sorted(arguments.folder.glob("reg/*.parquet"))
    paths = [path for path in paths if not arguments.only or path.stem in arguments.only]
    if not paths:
        parser.error(f"no tables in {arguments.folder}")
    n_wrong = 0
    for path in paths:
        text, is_right = compare(path, params, arguments.float32)
        n_wrong += not is_right
        print(text, "" if is_right else "WRONG", flush=True)
    print(f"{len(paths)} tables, {n_wrong} wrong")
    sys.exit(n_wrong > 0)


if __name__ == "__main__":
    main()
