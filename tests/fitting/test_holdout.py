"""Which rows are held out: of one network a part, of several the folds of a cross-validation."""

import numpy as np
import pytest

from skann._weights import nonzero_rows
from skann.fitting.holdout import hold_out

ROWS = np.arange(7, 307)  # not the rows themselves are counted: they are indices into the data
LABELS = np.random.default_rng(0).integers(3, size=307)


def held_out(n_networks, labels=None, rows=ROWS, fraction=0.2, seed=0):
    return [split.held_out for split in hold_out(rows, labels, n_networks, fraction, seed)]


@pytest.mark.parametrize("n_networks", [1, 2, 5, 8, 10, 23])
@pytest.mark.parametrize("labels", [None, LABELS], ids=["regression", "classes"])
def test_each_split_is_a_partition(n_networks, labels):
    """Sorted, without overlap, and all the rows together."""
    splits = hold_out(ROWS, labels, n_networks, 0.2, seed=0)
    assert len(splits) == n_networks
    for train, test in splits:
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
        np.testing.assert_array_equal(np.sort(np.append(train, test)), ROWS)


@pytest.mark.parametrize("labels", [None, LABELS], ids=["regression", "classes"])
@pytest.mark.parametrize("n_networks, covered", [(2, 2 / 5), (4, 4 / 5), (5, 1), (8, 1), (10, 1)])
def test_folds_are_disjoint(n_networks, covered, labels):
    """From 5 to 10 networks they cover every row once; fewer networks have folds of a fifth."""
    folds = np.concatenate(held_out(n_networks, labels))
    assert len(np.unique(folds)) == len(folds) == pytest.approx(covered * len(ROWS), abs=3)


@pytest.mark.parametrize("labels", [None, LABELS], ids=["regression", "classes"])
def test_more_than_ten_networks_go_round_again(labels):
    """Folds of a tenth: each ten cover every row, in other folds than the ten before."""
    folds = held_out(23, labels)
    assert {len(fold) for fold in folds} <= {29, 30, 31}
    for ten in (folds[:10], folds[10:20]):
        np.testing.assert_array_equal(np.sort(np.concatenate(ten)), ROWS)
    assert len({fold.tobytes() for fold in folds}) == 23


@pytest.mark.parametrize("is_classifier", [True, False])
@pytest.mark.parametrize("n_networks", [2, 4, 5])
def test_folds_of_a_large_table(n_networks, is_classifier, monkeypatch):
    """Where not all rows are held out, no fold is larger than need be; five networks still hold out every row."""
    monkeypatch.setattr("skann.fitting.holdout.MOST_HELD_OUT", 20)
    labels, values = (LABELS, None) if is_classifier else (None, LABELS + 0.0)
    splits = hold_out(ROWS, labels, n_networks, 0.2, 0, values)
    folds = [held_out for _, held_out in splits]
    assert {len(fold) for fold in folds} == ({60} if n_networks == 5 else {20})
    assert len(np.unique(np.concatenate(folds))) == sum(map(len, folds))
    for train, fold in splits:
        np.testing.assert_array_equal(np.sort(np.append(train, fold)), ROWS)
        counts, expected = np.bincount(LABELS[fold]), np.bincount(LABELS[ROWS]) * len(fold) / len(ROWS)
        assert np.abs(counts - expected).max() < 1.5


@pytest.mark.parametrize("fraction, n_held_out", [(0.1, 30), (0.2, 60), (0.501, 151)])
def test_one_network_holds_out_the_fraction(fraction, n_held_out):
    """Rounded up."""
    assert len(held_out(1, fraction=fraction)[0]) == n_held_out
    assert len(held_out(1, LABELS, fraction=fraction)[0]) == n_held_out


@pytest.mark.parametrize("n_networks", [1, 5])
def test_held_out_rows_are_stratified(n_networks):
    """A class of 5 % has 5 % of each part."""
    labels = (np.arange(307) % 20 == 0).astype(int)
    for fold in held_out(n_networks, labels):
        assert labels[fold].sum() == 3


@pytest.mark.parametrize("n_networks", [1, 3, 8, 23])
def test_single_rows_are_never_held_out(n_networks):
    """A class with one row stays in every training part; one with two rows may be held out."""
    labels = LABELS.copy()
    labels[[9, 99, 200]] = [7, 8, 9]
    labels[[50, 51]] = 10
    for train, _ in hold_out(ROWS, labels, n_networks, 0.2, seed=0):
        assert {9, 99, 200} <= set(train)
        assert 10 in labels[train]


@pytest.mark.parametrize("n_networks", [1, 5, 8])
def test_the_seed_decides(n_networks):
    folds = [np.concatenate(held_out(n_networks, seed=seed)).tobytes() for seed in (0, 0, 1)]
    assert folds[0] == folds[1] != folds[2]


@pytest.mark.parametrize(
    "n_rows, n_networks, fraction, enough",
    [
        (46, 1, 0.2, True), (45, 1, 0.2, False), (91, 1, 0.1, True), (90, 1, 0.1, False),
        (50, 3, 0.9, True), (49, 3, 0.9, False), (50, 8, 0.0, True), (49, 8, 0.0, False),
        (50, 50, 0.2, True), (49, 50, 0.2, False), (0, 1, 0.2, False), (1, 8, 0.2, False), (20, 1, 0.0, False),
    ],
)  # fmt: skip
def test_fewer_than_ten_rows_are_not_held_out(n_rows, n_networks, fraction, enough):
    """ceil(fraction n) rows for one network, n divided by the number of folds, at least five, for several."""
    assert (hold_out(np.arange(n_rows), None, n_networks, fraction, 0) is not None) == enough


@pytest.mark.parametrize("n_networks", [1, 5])
def test_fewer_rows_than_classes_are_not_held_out(n_networks):
    """Of 100 rows a fifth: enough for 20 classes, not for 21."""
    for n_classes, enough in [(20, True), (21, False)]:
        assert (hold_out(np.arange(100), np.arange(100) % n_classes, n_networks, 0.2, 0) is not None) == enough


@pytest.mark.parametrize("n_networks", [1, 8])
def test_classes_of_single_rows_alone(n_networks):
    """Nothing can be held out then."""
    assert hold_out(np.arange(100), np.arange(100), n_networks, 0.2, 0) is None


# ------------------------------------------------------------------------------------------------------ by their values


def folds_by(values, n_networks, weight=None, seed=0, fraction=0.2):
    splits = hold_out(np.arange(len(values)), None, n_networks, fraction, seed, values, weight)
    for train, held_out in splits:
        np.testing.assert_array_equal(np.sort(np.append(train, held_out)), np.arange(len(values)))
    return [held_out for _, held_out in splits]


@pytest.mark.parametrize("n_networks", [1, 2, 5, 8, 10])
@pytest.mark.parametrize("n_events", [5, 12, 40])
def test_rare_events_are_dealt(n_networks, n_events):
    """Of 1000 counts few are not 0: each fold has its share of them, rounded up or down."""
    rng = np.random.default_rng(n_events)
    for values in (np.ones(n_events), rng.gamma(1, size=n_events)):
        y = np.zeros(1000)
        y[rng.permutation(1000)[:n_events]] = values
        for fold in folds_by(y, n_networks):
            assert abs((y[fold] > 0).sum() - n_events * len(fold) / 1000) < 1


@pytest.mark.parametrize("n_networks", [5, 8, 10])
def test_equal_values_are_dealt_like_a_class(n_networks):
    """Whatever value has m rows has m / n_folds in each fold, rounded up or down."""
    y = np.random.default_rng(0).poisson(3, size=997).astype(float)
    counts = np.array([np.bincount(y[fold].astype(int), minlength=20) for fold in folds_by(y, n_networks)])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert (np.ptp(folds_by(np.zeros(997), n_networks)[0]) > 500).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_networks", [1, 5, 8])
def test_folds_have_the_distribution_of_all(n_networks, weighted):
    """Their means are nearer to the mean of all than those of folds drawn without regard to y, and none is above it on
    the average; so is their total weight."""
    rng, apart = np.random.default_rng(0), {"values": [], "weights": [], "drawn": [], "weights drawn": []}
    for seed in range(200):
        y, weight = rng.gamma(1, size=200), rng.lognormal(size=200) if weighted else np.ones(200)
        mean = np.average(y, weights=weight)
        for name, folds in (
            ("values", folds_by(y, n_networks, weight if weighted else None, seed)),
            ("drawn", held_out(n_networks, rows=np.arange(200), seed=seed)),
        ):
            apart[name].append([np.average(y[fold], weights=weight[fold]) / mean - 1 for fold in folds])
            share = [weight[fold].sum() / weight.sum() for fold in folds]
            apart["weights" if name == "values" else "weights drawn"].append(share)
    apart = {name: np.array(each) for name, each in apart.items()}
    assert apart["values"].std() < (0.9 if weighted else 0.5) * apart["drawn"].std()
    assert (np.abs(apart["values"].mean(axis=0)) < 0.05).all()
    if weighted and n_networks > 1:
        assert apart["weights"].std() < 0.5 * apart["weights drawn"].std()


def test_equal_weights_are_none():
    y = np.random.default_rng(0).normal(size=300)
    for n_networks in (1, 8):
        for one, other in zip(folds_by(y, n_networks), folds_by(y, n_networks, np.full(300, 3.7)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_every_ten_folds_are_dealt_anew():
    """By the seed, too; each ten cover every row."""
    y = np.random.default_rng(0).normal(size=300)
    folds = folds_by(y, 23)
    for ten in (folds[:10], folds[10:20]):
        np.testing.assert_array_equal(np.sort(np.concatenate(ten)), np.arange(300))
    assert len({fold.tobytes() for fold in folds + folds_by(y, 23, seed=99)}) == 46


@pytest.mark.parametrize("fraction, n_held_out", [(0.1, 30), (0.2, 60), (0.501, 151), (0.9, 270)])
def test_one_network_holds_out_the_fraction_by_values(fraction, n_held_out):
    """Of the upper and of the lower half the same share."""
    y = np.random.default_rng(0).normal(size=300)
    (fold,) = folds_by(y, 1, fraction=fraction)
    assert len(fold) == n_held_out
    assert (y[fold] > np.median(y)).sum() == pytest.approx(n_held_out / 2, abs=1)


def test_nonzero_rows():
    """The rows that exist; None stands for all of them."""
    assert nonzero_rows(None) is None
    assert nonzero_rows(np.full(3, 0.1)) is None
    np.testing.assert_array_equal(nonzero_rows(np.array([0, 2.0, 0, 1e-300])), [1, 3])
