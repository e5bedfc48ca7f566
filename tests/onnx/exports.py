"""What ONNX Runtime makes of a model, and a table of columns of all kinds."""

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from scipy import sparse

from skann.onnx import to_onnx

NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
NUMPY_TYPES |= {"tensor(bool)": bool, "tensor(string)": object}
FEW = {"hidden_layer_sizes": (8, 6), "max_iter": 3, "n_estimators": 1, "random_state": 0}
TOLERANCE = 1e-5


def run(model, X):
    """What ONNX Runtime makes of X: a list of outputs."""
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    if hasattr(X, "columns"):
        columns = {name: [np.nan if pd.isna(each) else each for each in X[name].to_list()] for name in X.columns}
        columns = {name: np.array(values, dtype=object).reshape(-1, 1) for name, values in columns.items()}
    else:
        columns = {"X": X.toarray() if sparse.issparse(X) else X}
    return session.run(
        None, {each.name: columns[each.name].astype(NUMPY_TYPES[each.type]) for each in session.get_inputs()}
    )


def assert_same(model, X, exported=None, tolerance=TOLERANCE):
    """Labels and probabilities, or values, are those of the model."""
    outputs = run(exported or to_onnx(model, X), X)
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(outputs[0], model.predict(X))
        np.testing.assert_allclose(outputs[1], model.predict_proba(X), rtol=0, atol=tolerance)
    else:
        expected = model.predict(X)
        np.testing.assert_allclose(outputs[0].reshape(expected.shape), expected, rtol=tolerance, atol=tolerance)


def table(n=400, seed=0):
    """Columns of all kinds, many with missing values."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "float": rng.normal(size=n),
            "with missing": rng.normal(size=n) * 1e6 + 1e9,
            "small-float": rng.normal(size=n).astype(np.float32),
            "integer": rng.integers(-5, 5, n),
            "bool": rng.random(n) > 0.5,
            "string": rng.choice(["x", "y", "é z"], n),
            "two": rng.choice(["yes", "no"], n),
            "many": rng.choice([f"level {i}" for i in range(20)], n),
            "category": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "floats": pd.Categorical(rng.choice([0.1, 0.25, 3.5], n)),
            "integers": pd.Categorical(rng.integers(0, 30, n)),
            "nullable": pd.array(rng.integers(0, 9, n), "Int64"),
            "constant": 7.0,
            "constant string": "s",
        }
    )
    for step, name in enumerate(("with missing", "string", "many", "category", "floats", "integers", "nullable"), 5):
        X.loc[::step, name] = None
    return X


def with_news(X):
    """Other rows than in fit, some with levels that it did not see."""
    news = X.copy()
    news["two"] = news["two"].astype(object)
    news.loc[news.index[::3], "two"] = None
    news.loc[news.index[1::3], ["string", "many"]] = "never seen"
    news["integers"] = news["integers"].astype("float64") + 0.5 * (np.arange(len(news)) % 4 == 0)
    news["floats"] = news["floats"].astype("float64").replace(3.5, -1.0)
    return news
