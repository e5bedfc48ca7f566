"""The table of ``verbose``: its lines are those of the histories, and few."""

import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.metrics import make_scorer, mean_absolute_error

from skann import ANNClassifier, ANNRegressor
from skann._compat import has_callbacks
from skann.engine.run import Run
from skann.fitting.progress import NetworkProgress, ProgressTable
from tests.data import BOTH
from tests.estimators.ensembles import LABELS, SIGNAL, SMALL, X, target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
PLAIN = {"encoder": None, "hidden_layer_sizes": (4,), "max_iter": 12, "random_state": 0}


def printed(capsys):
    """The lines of a table: (titles, rows of cells, the rest)."""
    head, *lines = capsys.readouterr().out.splitlines()
    titles = re.split(r"\s{2,}", head.strip())
    rows = [line.replace(" *", "*").split() for line in lines if re.match(r" *\d+/\d+ ", line)]
    assert {len(row) for row in rows} <= {len(titles)}
    return titles, [dict(zip(titles, row, strict=True)) for row in rows], lines[len(rows) :]


def number(text):
    return float(text.rstrip("*"))


# ------------------------------------------------------------------------------------------------------ what it says


@BOTH
@pytest.mark.parametrize("scoring", ["loss", None])
def test_every_epoch(Estimator, scoring, capsys):
    """With verbose=2: the history in figures, and the best epoch so far, marked where it is this one."""
    model = Estimator(**SMALL, scoring=scoring, verbose=2).fit(X, target(Estimator))
    name = "loss" if scoring else ("accuracy" if Estimator is ANNClassifier else "R2")
    titles, rows, rest = printed(capsys)
    expected = ["network", "epoch", "loss", f"validation {name}", "best epoch", "learning rate", "seconds", "left"]
    assert titles == expected
    rows = iter(rows)
    best = []
    for i, member in enumerate(model.estimators_):
        scores = [-score if scoring else score for score in member.validation_scores_]
        for epoch in range(1, member.n_iter_ + 1):
            row = next(rows)
            assert (row["network"], int(row["epoch"])) == (f"{i + 1}/5", epoch)
            assert number(row["loss"]) == pytest.approx(member.loss_curve_[epoch - 1], rel=1e-2)
            assert number(row[f"validation {name}"]) == pytest.approx(scores[epoch - 1], rel=1e-2, abs=1e-3)
            best_epoch = int(np.argmax(member.validation_scores_[:epoch])) + 1
            assert row["best epoch"] == f"{best_epoch}{'*' * (best_epoch == epoch)}"
            assert number(row["learning rate"]) == pytest.approx(member.history_["learning_rate"][epoch - 1], rel=1e-2)
        best.append(member.best_validation_score_ * (-1 if scoring else 1))
    assert next(rows, None) is None
    n_epochs = sum(member.n_iter_ for member in model.estimators_)
    end = rest[-1]
    assert end.startswith(f"5 networks, {n_epochs} epochs, best validation {name} {min(best):.4f} to {max(best):.4f}, ")
    score = "accuracy" if Estimator is ANNClassifier else "R2"
    assert f"out-of-fold {score} {model.oof_score_:.4f}, " in end
    assert re.search(r" \d+\.\d seconds\.$", end)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_nothing_watched(solver, capsys):
    """No column without numbers: of scores without held-out rows, of rates with L-BFGS."""
    model = ANNRegressor(**PLAIN, solver=solver, verbose=2).fit(X, SIGNAL)
    titles, rows, rest = printed(capsys)
    assert titles == ["network", "epoch", "loss", *["learning rate"] * (solver == "adam"), "seconds", "left"]
    assert [number(row["loss"]) for row in rows] == pytest.approx(model.loss_curve_, rel=1e-2)
    assert rest[-1].startswith("1 network, 12 epochs, ")
    assert "best" not in rest[-1]
    assert "out-of-fold" not in rest[-1]


def test_nothing_is_said_unasked(capfd):
    ANNRegressor(**PLAIN).fit(X, SIGNAL).summary()
    assert capfd.readouterr() == ("", "")


def absolute(model, X, y):
    return -mean_absolute_error(y, model.predict(X))


SCORINGS = {
    "neg_mean_absolute_error": "neg_mean_absolute_error",
    "absolute": absolute,
    "mean_absolute_error": make_scorer(mean_absolute_error, greater_is_better=False),
    "R2": "r2",
}


@pytest.mark.parametrize("name", SCORINGS)
def test_name_of_the_score(name, capsys):
    ANNRegressor(**SMALL | {"n_estimators": 1, "max_iter": 2}, scoring=SCORINGS[name], verbose=1).fit(X, SIGNAL)
    titles, rows, rest = printed(capsys)
    assert titles[3] == f"validation {name}"
    assert f"best validation {name} {rows[-1][titles[3]]}" in rest[-1] or len(rows) > 1
    assert f"out-of-fold {name} " in rest[-1]


def test_the_reason_of_an_end(capsys):
    model = ANNRegressor(**PLAIN | {"max_iter": 500}, tol=1.0, n_iter_no_change=3, verbose=1).fit(X, SIGNAL)
    *_, rest = printed(capsys)
    assert rest[0].startswith("Training stopped: loss did not improve by more than tol=")
    assert rest[-1].startswith(f"1 network, {model.n_iter_} epochs, ")


# --------------------------------------------------------------------------------------------------- how much it says


def played(n_networks, n_epochs, max_iter, capsys, verbose=1, deadline=None):
    """The rows of a fit of networks that end after ``n_epochs`` of ``max_iter``."""
    settings = SimpleNamespace(verbose=verbose, solver="adam", is_partial=False, n_epochs=max_iter)
    table = ProgressTable(settings, n_networks)
    table.begin(deadline)
    for i in range(n_networks):
        run, listener = Run(None), NetworkProgress(table, i, max_iter)
        listener.on_fit_begin(run)
        for _ in range(n_epochs):
            run.epoch += 1
            run.history = {"loss": [0.5], "learning_rate": [0.1]}
            assert listener.on_epoch_end(run) is False
        listener.on_fit_end(run)
    return [(row["network"], int(row["epoch"])) for row in printed(capsys)[1]]


@pytest.mark.parametrize("max_iter", [1, 7, 40, 1000])
@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
@pytest.mark.parametrize("n_networks", [1, 2, 8, 12, 40, 100])
def test_few_lines(n_networks, share, max_iter, capsys):
    """About 30 at most; the last epoch is among them, of each network as long as they are few; the first is early."""
    max_iter = max_iter if n_networks < 40 else min(max_iter, 100)
    n_epochs = max(1, round(share * max_iter))
    rows = played(n_networks, n_epochs, max_iter, capsys)
    assert len(rows) == len(set(rows)) <= 32
    of_first = [epoch for which, epoch in rows if which == f"1/{n_networks}"]
    assert {1, 2, 4, 8} & set(range(n_epochs + 1)) <= set(of_first)
    ends = [f"{i + 1}/{n_networks}" for i in range(n_networks)]
    assert rows[-1] == (ends[-1], n_epochs) or n_networks > 12
    if n_networks <= 12:
        assert [which for which, epoch in rows if epoch == n_epochs] == ends
    if n_networks == 1:
        assert {16, 32, 64, 128, 256, 512} & set(range(n_epochs + 1)) <= set(of_first)


def test_a_fit_of_ten_thousand_epochs(capsys):
    """Of one network, with the lines of the epochs 1, 2, 4, ... 8192."""
    assert len(played(1, 10_000, 10_000, capsys)) <= 30


def test_lines_are_spread_evenly(capsys):
    """Of one network: the longest silence is a sixteenth of the epochs."""
    epochs = [epoch for _, epoch in played(1, 1600, 1600, capsys)]
    assert max(np.diff(epochs)) <= 100
    assert {1, 2, 4, 8, 16, 32, 64, 1600} <= set(epochs)


def test_lines_by_the_time(capsys, monkeypatch):
    """Where the time is limited, lines are spread over it: epochs without end have them all the same."""
    clock = iter(np.arange(0, 10**6))
    monkeypatch.setattr("skann.fitting.progress.time.perf_counter", lambda: float(next(clock)))
    epochs = [epoch for _, epoch in played(1, 900, 10**9, capsys, deadline=1000.0)]
    assert max(np.diff(epochs)) <= 64


def test_seconds_left(capsys, monkeypatch):
    """Each epoch takes a second, so what is left are as many as the epochs to come; at most until the deadline."""
    now = [0.0]
    monkeypatch.setattr("skann.fitting.progress.time.perf_counter", lambda: now[0])
    settings = SimpleNamespace(verbose=2, solver="lbfgs", is_partial=False, n_epochs=10)
    table = ProgressTable(settings, 3)
    table.begin(20.0)
    for i, n_epochs in enumerate((4, 10, 6)):
        run, listener = Run(None), NetworkProgress(table, i, 10)
        listener.on_fit_begin(run)
        for _ in range(n_epochs):
            run.epoch, now[0] = run.epoch + 1, now[0] + 1
            run.history = {"loss": [0.5]}
            listener.on_epoch_end(run)
        listener.on_fit_end(run)
    rows = printed(capsys)[1]
    left = [float(row["left"]) for row in rows]
    assert [float(row["seconds"]) for row in rows] == list(range(1, 21))
    # until the deadline there are 20 seconds; three times ten epochs would take longer. After the end of the first
    # network, with four epochs, the third is expected to have four; and when it has begun, its ten.
    assert left == [19, 18, 17, 16, *(9 - i + 4 for i in range(10)), *(min(9 - i, 5 - i) for i in range(6))]


# --------------------------------------------------------------------------------------------------- kinds of training


def test_partial_fit(capsys):
    """One header, the epochs of all calls, fewer and fewer lines, no end."""
    model = ANNRegressor(**PLAIN, verbose=1)
    for _ in range(25):
        model.partial_fit(X, SIGNAL)
    titles, rows, rest = printed(capsys)
    assert titles == ["network", "epoch", "loss", "learning rate"]
    assert [int(row["epoch"]) for row in rows] == [*range(1, 11), 20]
    assert not rest


def test_warm_start(capsys):
    """Each fit has its table, with its own epochs."""
    model = ANNRegressor(**PLAIN | {"max_iter": 3}, warm_start=True, verbose=1)
    for _ in range(2):
        model.fit(X, SIGNAL)
        _, rows, rest = printed(capsys)
        assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
        assert rest[-1].startswith("1 network, 3 epochs, ")


def test_max_time(capsys):
    """What there was no time for is told."""
    model = ANNRegressor(**SMALL | {"max_iter": 10**6}, n_iter_no_change=10**6, max_time=0.05, verbose=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, SIGNAL)
    _, rows, rest = printed(capsys)
    n = len(model.estimators_)
    assert len(rows) <= 32
    assert rest[-1].startswith(f"{n if n == 5 else f'{n} of 5'} networks, ")


def test_portfolio(capsys):
    """Numbers in the order of the trainings, of which the last line says how many networks are kept."""
    portfolio = [{}, {"hidden_layer_sizes": (5,)}, {"hidden_layer_sizes": (6,)}]
    model = ANNRegressor(**SMALL | {"max_iter": 2}, portfolio=portfolio, verbose=2).fit(X, SIGNAL)
    _, rows, rest = printed(capsys)
    assert list(dict.fromkeys(row["network"] for row in rows)) == [f"{i}/12" for i in range(1, 13)]  # 3 x 2 + 2 x 3
    assert rest[-1].startswith(f"{len(model.estimators_)} of 12 networks, 20 epochs, ")


class Interrupting:
    """A scorer that is Ctrl-C in its third epoch."""

    def __init__(self):
        self.n = 0

    def __call__(self, model, X, y):
        self.n += 1
        if self.n == 3:
            raise KeyboardInterrupt
        return 0.5


def test_ctrl_c(capsys):
    """The epochs that were watched, and the end, which counts the one begun as `n_iter_` does."""
    params = SMALL | {"n_estimators": 1, "max_iter": 50}
    with pytest.warns(UserWarning, match="interrupted"):
        ANNRegressor(**params, scoring=Interrupting(), verbose=2, encoder=None).fit(X, SIGNAL, X_val=X, y_val=SIGNAL)
    _, rows, rest = printed(capsys)
    assert len(rows) == 2
    assert rest[-1].startswith("1 network, 3 epochs, best validation Interrupting 0.5000")


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_backends_of_joblib(backend, capfd):
    """Threads speak as they go; of processes of other backends each network is told of when it is back."""
    params = SMALL | {"max_iter": 3, "n_jobs": 2, "verbose": 2}
    with parallel_config(backend):
        model = ANNClassifier(**params).fit(X, LABELS["two classes"])
    _, rows, rest = printed(capfd)
    last = [row["network"] for row in rows if row["epoch"] == "3"]
    assert sorted(last) == [f"{i}/5" for i in range(1, 6)]
    assert len(rows) == (15 if backend == "threading" else 5)
    assert rest[-1].startswith(f"5 networks, {sum(member.n_iter_ for member in model.estimators_)} epochs, ")


def test_failure_leaves_no_end(capsys):
    """The table ends where the training did."""
    with pytest.raises(ValueError, match="diverged"), np.errstate(all="ignore"):
        ANNRegressor(**PLAIN, solver="sgd", learning_rate_init=1e6, verbose=2).fit(X, 1e3 * SIGNAL)
    assert "seconds." not in capsys.readouterr().out


@pytest.mark.skipif(not has_callbacks(), reason="scikit-learn has no callbacks before 1.9")
def test_progress_bar(capsys):
    """scikit-learn's callback is told of all epochs: its bars are full at the end."""
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    ANNRegressor(**SMALL | {"max_iter": 3}).set_callbacks(ProgressBar()).fit(X, SIGNAL)
    shown = capsys.readouterr().out
    assert "ANNRegressor - fit" in shown
    assert "100%" in shown
