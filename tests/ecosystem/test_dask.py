"""Estimators for tables of Dask: what the plain estimators give, from tables that lie on workers."""

import inspect
import os
import pickle
import signal
import time

import dask.array as da
import dask.dataframe as dd
import distributed
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from tables import SMALL, make_classes

from skann import ANNClassifier, ANNRegressor
from skann.dask import DaskANNClassifier, DaskANNRegressor, base

pytestmark = [pytest.mark.xdist_group("dask"), pytest.mark.timeout(240)]

FRAME, LABELS = make_classes(900)
FRAME["kind"] = pd.Categorical(np.where(FRAME["age"] > 50, "old", "young"))
FRAME["label"] = LABELS
WEIGHT = np.random.default_rng(5).uniform(0.5, 2, len(FRAME))
COLUMNS = [name for name in FRAME.columns if name != "label"]
ROWS = SMALL | {"n_estimators": 1, "max_iter": 3}
X, VALUES = np.random.default_rng(0).normal(size=(700, 4)), np.random.default_rng(1).normal(size=700)
VALUES += 3 * X[:, 0]


def table(n_partitions=5):
    return dd.from_pandas(FRAME, npartitions=n_partitions)


# ---------------------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize("Dask, Plain", [(DaskANNClassifier, ANNClassifier), (DaskANNRegressor, ANNRegressor)])
def test_parameters_are_those_of_the_plain_estimator_and_two_more(Dask, Plain):
    assert Dask().get_params() == Plain().get_params() | {"client": None, "strategy": "auto"}
    assert list(inspect.signature(Dask).parameters)[:-2] == list(inspect.signature(Plain).parameters)
    assert (
        Dask(8, "tanh", alpha=2).get_params()
        == Dask().set_params(hidden_layer_sizes=8, activation="tanh", alpha=2).get_params()
    )
    assert (is_classifier(Dask()), is_regressor(Dask())) == (is_classifier(Plain()), is_regressor(Plain()))
    assert get_tags(Dask(encoder=None)) == get_tags(Plain(encoder=None))
    with pytest.raises(TypeError, match="unexpected keyword argument 'alhpa'"):
        Dask(alhpa=1)


def test_the_client_is_not_copied_and_not_pickled(client):
    model = DaskANNRegressor(client=client, **ROWS).fit(da.from_array(X, chunks=(200, 4)), VALUES)
    assert clone(model).client is client
    assert "Client" in model._repr_html_()
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.client is None
    assert loaded.get_params() == model.get_params() | {"client": None}
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    plain = model.to_local()
    assert type(plain) is ANNRegressor
    assert not any(isinstance(each, distributed.Client) for each in vars(plain).values())
    np.testing.assert_array_equal(plain.predict(X), model.predict(X))


# ------------------------------------------------------------------------------------------------------------ networks


@pytest.mark.parametrize("changed", [{}, {"n_estimators": 3, "solver": "lbfgs"}, {"portfolio": True, "max_iter": 6}])
def test_networks_side_by_side_are_those_of_the_plain_estimator(client, changed):
    """To the bit: weights, temperature, scores of held-out rows, and what later networks plan by the first."""
    settings = SMALL | {"n_estimators": 5} | changed
    data = table()
    weights = dd.from_pandas(pd.Series(WEIGHT), npartitions=5)
    found = DaskANNClassifier(strategy="networks", **settings).fit(data[COLUMNS], data["label"], weights)
    plain = ANNClassifier(**settings).fit(FRAME[COLUMNS], LABELS, WEIGHT)
    np.testing.assert_array_equal(found.predict_proba(FRAME[COLUMNS]), plain.predict_proba(FRAME[COLUMNS]))
    np.testing.assert_array_equal(found.feature_importances_, plain.feature_importances_)
    np.testing.assert_array_equal(found.oof_prediction_, plain.oof_prediction_)
    assert found.oof_score_ == plain.oof_score_
    assert repr(found.resolved_params_) == repr(plain.resolved_params_)
    assert list(found.feature_names_in_) == COLUMNS
    assert found.to_local().get_params() == plain.get_params()
    lazy = found.predict_proba(data[COLUMNS])
    assert (lazy.dtype, lazy.ndim, lazy.numblocks) == (np.float64, 2, (5, 1))
    np.testing.assert_array_equal(lazy.compute(), plain.predict_proba(FRAME[COLUMNS]))
    assert found.score(data[COLUMNS], data["label"], weights) == pytest.approx(
        plain.score(FRAME[COLUMNS], LABELS, WEIGHT)
    )


def test_networks_of_a_killed_worker_are_trained_by_the_other(client, monkeypatch):
    """With the result of the plain estimator to the bit."""
    settings = SMALL | {"n_estimators": 5, "max_iter": 60}
    pids, submit, count = client.run(os.getpid), client.submit, iter(range(10**9))
    lost = sorted(pids)[1]

    def counted(*args, **kwargs):
        if next(count) == 10:  # tables, starts and the first networks are under way
            os.kill(pids[lost], signal.SIGKILL)
        return submit(*args, **kwargs)

    monkeypatch.setattr(client, "submit", counted)
    found = DaskANNRegressor(strategy="networks", **settings).fit(da.from_array(X, chunks=(200, 4)), VALUES)
    monkeypatch.undo()
    assert next(count) > 10
    while lost in client.nthreads():
        time.sleep(0.05)
    client.wait_for_workers(2)
    np.testing.assert_array_equal(found.predict(X), ANNRegressor(**settings).fit(X, VALUES).predict(X))


def test_verbose_and_warnings_are_told_by_the_client(client, capsys):
    settings = SMALL | {"n_estimators": 4, "max_iter": 1, "verbose": 1, "solver": "lbfgs"}
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        DaskANNRegressor(strategy="networks", **settings).fit(da.from_array(X, chunks=(350, 4)), VALUES)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"network {i}" for i in (1, 2, 3, 4)]


def test_a_random_state_that_moves_on_does_so_here_too(client):
    found, plain = np.random.RandomState(3), np.random.RandomState(3)
    settings = ROWS | {"n_estimators": 2, "max_iter": 2}
    for _ in range(2):
        model = DaskANNRegressor(strategy="networks", **settings | {"random_state": found})
        there = model.fit(da.from_array(X, chunks=(350, 4)), VALUES).predict(X)
        np.testing.assert_array_equal(
            there, ANNRegressor(**settings | {"random_state": plain}).fit(X, VALUES).predict(X)
        )


# ---------------------------------------------------------------------------------------------------------------- rows


def test_rows_of_a_mixed_table_are_learnt_where_they_are(client):
    """As well as by one process, up to what 900 rows tell."""
    data = table()
    weights = dd.from_pandas(pd.Series(WEIGHT), npartitions=5)
    found = DaskANNClassifier(strategy="rows", **ROWS | {"max_iter": 8}).fit(data[COLUMNS], data["label"], weights)
    plain = ANNClassifier(**ROWS | {"max_iter": 8}).fit(FRAME[COLUMNS], LABELS, WEIGHT)
    assert found.strategy_ == "rows"
    assert found.score(data[COLUMNS], data["label"]) == pytest.approx(plain.score(FRAME[COLUMNS], LABELS), abs=0.04)


def odd_tables():
    """Tables whose partitions have little in common."""
    X = da.from_array(np.repeat(FRAME[["age"]].to_numpy(float), 2, axis=1), chunks=((300, 590, 10), 2))
    by_label = FRAME.sort_values("label").reset_index(drop=True)
    level = FRAME.assign(city=FRAME["city"].where(FRAME.index >= 20, "Olten"))
    data = dd.from_pandas(FRAME, npartitions=6)
    yield "unequal partitions", X, LABELS
    yield "unknown chunk sizes", X[X[:, 0] > 0], da.from_array(LABELS, chunks=((300, 590, 10),))
    for name, each in {"one class in a partition": by_label, "a level on one worker": level}.items():
        each = dd.from_pandas(each, npartitions=6)
        yield name, each[COLUMNS], each["label"]
    thinned = data.map_partitions(lambda part: part[part["age"] * (part.index < 500) > 0], meta=data)
    yield "empty partitions", thinned[COLUMNS], thinned["label"]
    yield "a partition", dd.from_pandas(FRAME, npartitions=1)[COLUMNS], LABELS


ODD = list(odd_tables())


@pytest.mark.parametrize("strategy", ["rows", "networks"])
@pytest.mark.parametrize("name, X, y", ODD, ids=[name for name, _, _ in ODD])
def test_odd_partitions_are_no_trouble(client, name, X, y, strategy):
    settings = ROWS | {"max_iter": 2}
    model = DaskANNClassifier(strategy=strategy, early_stopping=False, **settings).fit(X, y)
    assert list(model.classes_) == ["poor", "rich"]
    if name == "a level on one worker":
        assert any("Olten" in each for each in model.encoder_.get_feature_names_out())
    proba = model.predict_proba(X)
    here = X.compute()
    np.testing.assert_allclose(proba.compute(), model.to_local().predict_proba(here), rtol=1e-6)
    assert model.predict(X).compute().tolist() == model.to_local().predict(here).tolist()
    assert model.predict_proba(here).shape == (len(here), 2)


def test_regression_with_several_targets(client):
    """R2 of the partitions together is that of all rows."""
    y = np.column_stack([VALUES, -VALUES])
    data = da.from_array(X, chunks=((100, 600), 4)), da.from_array(y, chunks=(350, 1))
    model = DaskANNRegressor(strategy="rows", **ROWS).fit(*data)
    assert model.predict(data[0]).chunks == ((100, 600), (2,))
    assert model.predict(da.from_array(X.astype(np.float32), chunks=(350, 4))).dtype == np.float32
    assert model.score(*data) == pytest.approx(model.to_local().score(X, y))
    assert model.score(X, y) == model.to_local().score(X, y)
    quantiles = DaskANNRegressor(strategy="rows", loss="quantile", quantile=[0.1, 0.9], **ROWS).fit(data[0], VALUES)
    assert quantiles.predict(data[0]).shape == (700, 2)
    assert quantiles.score(data[0], VALUES) == pytest.approx(quantiles.to_local().score(X, VALUES))


# ---------------------------------------------------------------------------------------------------- choice and errors


def test_auto_takes_networks_where_the_table_fits(client, monkeypatch):
    data, settings = da.from_array(X, chunks=(200, 4)), SMALL | {"max_iter": 1}
    assert DaskANNRegressor(n_estimators=2, **settings).fit(data, VALUES).strategy_ == "networks"
    assert DaskANNRegressor(n_estimators=1, **settings).fit(data, VALUES).strategy_ == "rows"
    monkeypatch.setattr(base, "MEMORY", 1e8)  # the table has 28 kB, a worker 2 GB
    assert DaskANNRegressor(n_estimators=2, **settings).fit(data, VALUES).strategy_ == "rows"


def test_what_is_wrong_is_said_before_any_work(client, monkeypatch):
    data = da.from_array(X, chunks=(200, 4))
    monkeypatch.setattr(client, "persist", lambda *args: pytest.fail("there was work"))
    for settings, error, message in (
        ({"strategy": "row"}, ValueError, "strategy must be 'auto', 'networks' or 'rows', got 'row'"),
        ({"alpha": -1}, ValueError, "alpha"),
        ({"client": "tcp://here"}, TypeError, "client must be a distributed.Client or None, got str"),
        ({"warm_start": True}, ValueError, "warm_start"),
    ):
        with pytest.raises(error, match=message):
            DaskANNRegressor(**settings).fit(data, VALUES)
    with pytest.raises(TypeError, match="X must be a Dask array or DataFrame"):
        DaskANNRegressor().fit(X, VALUES)
    with pytest.raises(ValueError, match="requires y"):
        DaskANNRegressor().fit(data, None)
    with pytest.raises(ValueError, match="call fit first"):
        DaskANNRegressor().predict(data)

    def no_client():
        raise ValueError("No clients found")

    monkeypatch.setattr(distributed, "default_client", no_client)
    with pytest.raises(ValueError, match="There is no Dask client: make one"):
        DaskANNRegressor().fit(data, VALUES)


def test_a_closed_client_is_refused():
    client = distributed.Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None)
    client.close()
    with pytest.raises(ValueError, match="client is closed"):
        DaskANNRegressor(client=client).fit(da.from_array(X, chunks=(200, 4)), VALUES)


def test_what_only_the_plain_estimator_has_is_said(client):
    model = DaskANNRegressor(strategy="rows", **ROWS).fit(da.from_array(X, chunks=(200, 4)), VALUES)
    with pytest.raises(AttributeError, match=r"'predict_interval': ANNRegressor has it, and to_local\(\) gives one"):
        model.predict_interval(X)
    with pytest.raises(AttributeError, match=r"no attribute 'predict_proba'$"):
        model.predict_proba(X)


@pytest.mark.parametrize(
    "y, weight, message",
    [
        (np.column_stack([VALUES, VALUES]), None, "y must have 1 columns, one for each target of `fit`, got 2"),
        (np.where(VALUES > 0, np.nan, VALUES), None, "y contains NaN"),
        (VALUES, np.zeros(len(VALUES)), "sample_weight is zero for every row"),
        (VALUES, -np.ones(len(VALUES)), "sample_weight"),
    ],
    ids=["targets", "missing", "no weight", "negative"],
)
def test_scores_of_what_does_not_fit(y, weight, message, client):
    data = da.from_array(X, chunks=(200, 4))
    model = DaskANNRegressor(strategy="rows", **ROWS).fit(data, VALUES)
    with pytest.raises(ValueError, match=message):
        model.score(data, da.from_array(y, chunks=200), weight)


def test_sparse_partitions_are_refused_where_rows_are_read(client):
    data = da.from_array(X, chunks=(200, 4)).map_blocks(sparse.csr_matrix)
    with pytest.raises(TypeError, match=r"X must be dense, got a sparse matrix: X.map_blocks"):
        DaskANNRegressor(strategy="rows", **ROWS).fit(data, VALUES)


def test_after_an_error_the_estimator_is_as_it_was(client):
    data = da.from_array(X, chunks=(200, 4))
    model = DaskANNRegressor(strategy="rows", **ROWS).fit(data, VALUES)
    before = model.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(data, np.where(VALUES > 0, np.nan, VALUES))
    np.testing.assert_array_equal(model.predict(X), before)
