"""SHAP: what the columns contribute adds up, with the base value, to the prediction."""

import numpy as np
import pandas as pd
import pytest
import shap
from tables import SINGLE, make_classes, make_values

from skann import ANNClassifier, ANNRegressor
from skann.inspection import attributions


def make_numbers(make, n_rows=200):
    """The table with city as a number: SHAP's maskers compute with the cells."""
    frame, y = make(n_rows)
    cities = frame["city"].map({"Basel": 0.0, "Bern": 1.0, "Genf": 2.0})
    return frame.assign(city=cities, income=frame["income"].fillna(0)).astype(float), y


@pytest.mark.parametrize("explainer", ["permutation", "exact"])
def test_additive_for_probabilities(explainer):
    """For each class and row."""
    X, y = make_numbers(make_classes)
    model = ANNClassifier(**SINGLE, categorical_features=["city"]).fit(X, y)
    explain = shap.Explainer(model.predict_proba, shap.maskers.Independent(X, 20), algorithm=explainer, seed=0)
    explained = explain(X[:10], max_evals=100)
    assert explained.values.shape == (10, 4, 2)
    total = explained.values.sum(axis=1) + explained.base_values
    np.testing.assert_allclose(total, model.predict_proba(X[:10]), rtol=1e-5, atol=1e-6)
    assert explained.feature_names == list(X)


def test_kernel_explainer_for_values():
    X, y = make_numbers(make_values)
    model = ANNRegressor(**SINGLE).fit(X.to_numpy(), y)
    explain = shap.KernelExplainer(model.predict, shap.sample(X.to_numpy(), 30, random_state=0), seed=0)
    values = explain.shap_values(X.to_numpy()[:5], silent=True)
    np.testing.assert_allclose(values.sum(axis=1) + explain.expected_value, model.predict(X.to_numpy()[:5]), rtol=1e-4)


def test_a_linear_network_has_the_values_of_a_linear_model():
    """coef * (x - mean): the closed form, column by column."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0).fit(X, X @ [1.0, -2.0, 0.0] + 3)
    explain = shap.Explainer(model.predict, shap.maskers.Independent(X, 100), algorithm="permutation", seed=0)
    expected = model.coefs_[0].ravel() * (X[:10] - X.mean(axis=0))
    np.testing.assert_allclose(explain(X[:10], max_evals=70).values, expected, atol=1e-6)


def test_a_raw_table():
    """SHAP's masker subtracts cells, so it gets codes, and the function to explain turns them into strings again.

    The columns that make the target get the credit.
    """
    X, y = make_values(400)
    model = ANNRegressor(**SINGLE).fit(X, y)
    cities = pd.Categorical(X["city"])

    def predict(cells):
        frame = pd.DataFrame(cells, columns=X.columns)
        return model.predict(
            frame.assign(city=pd.Categorical.from_codes(frame["city"].astype(int), dtype=cities.dtype))
        )

    coded = X.assign(city=cities.codes.astype(float))
    explain = shap.Explainer(predict, shap.maskers.Independent(coded, 30), algorithm="permutation", seed=0)
    explained = explain(coded[:20], max_evals=45)
    total = explained.values.sum(axis=1) + explained.base_values
    np.testing.assert_allclose(total, model.predict(X[:20]), rtol=1e-4, atol=1e-4)
    importance = dict(zip(X, np.abs(explained.values).mean(axis=0), strict=True))
    assert min(importance["income"], importance["city"]) > 2 * max(importance["age"], importance["noise"])


def test_attributions_are_taken_as_an_explanation():
    """Of values and of classes, by the plots too."""
    import matplotlib

    matplotlib.use("Agg")
    X, y = make_values(200)
    model = ANNRegressor(**SINGLE).fit(X, y)
    found = attributions(model, X[:20])
    explained = found.to_shap()
    assert isinstance(explained, shap.Explanation)
    assert explained.feature_names == list(X)
    np.testing.assert_array_equal(explained[3].values, found.values[3])
    shap.plots.bar(explained, show=False)
    shap.plots.waterfall(explained[0], show=False)
    shap.plots.scatter(explained[:, "age"], show=False)
    X, y = make_classes(200)
    found = attributions(ANNClassifier(**SINGLE).fit(X, np.where(X["city"] == "Bern", "third", y)), X[:20])
    explained = found.to_shap()
    assert explained.shape == (20, 4, 3)
    assert explained[:, :, "third"].values.tolist() == found.values[:, :, found.output_names.index("third")].tolist()


def test_attributions_of_an_additive_model_are_its_shapley_values():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    model = ANNRegressor((12,), encoder=None, activation="tanh", max_iter=20, learning_rate_init=0.05, random_state=0)
    model.fit(X, np.sin(X).sum(axis=1))
    model.network_.layers[0].W[...] *= np.arange(12) % 3 == np.arange(3)[:, None]
    explain = shap.Explainer(model.predict, shap.maskers.Independent(X, 100), algorithm="exact", seed=0)
    np.testing.assert_allclose(attributions(model, X[:10], X, n_steps=64).values, explain(X[:10]).values, atol=1e-3)
