"""Conformity scores of held-out rows: how badly their targets agree with networks that have not seen them."""

import numpy as np

from ..engine.evaluation import pooled_targets
from ..engine.losses import Quantile

MAX_SCORES = 10_000  # of a network
LARGEST = np.finfo(np.float64).max / 4  # score
ROUNDING = 1e-9  # share of a total weight that a sum of weights may be off by


class AbsoluteResiduals:
    """Scores |y - prediction|, one for each target (Lei et al. 2018, https://arxiv.org/abs/1604.04173)."""

    def scores(self, prediction, y):
        """The score of each row for each target (n_rows, n_targets)."""
        return np.abs(y - prediction)

    def ends(self, prediction):
        """Lower and upper ends (n_rows, n_targets) of the interval whose score is 0."""
        return prediction, prediction


class QuantileResiduals:
    """Scores max(lower quantile - y, y - upper quantile), negative between the two.

    It is conformalised quantile regression (Romano et al. 2019, https://arxiv.org/abs/1905.03222).

    Parameters
    ----------
    lower, upper : int
        Columns of the predictions.
    """

    def __init__(self, lower, upper):
        self.lower, self.upper = lower, upper

    def scores(self, prediction, y):
        """The score of each row (n_rows, 1)."""
        lower, upper = self.ends(prediction)
        return np.maximum(lower - y, y - upper)

    def ends(self, prediction):
        """The two quantiles (n_rows, 1): the ends of the interval whose score is 0."""
        return prediction[:, [self.lower]], prediction[:, [self.upper]]


class Likelier:
    """Scores of labels: the probability of all likelier classes, and half that of the class itself.

    It is the score of adaptive prediction sets (Romano et al. 2020) with 1/2 in place of a random number. Of classes
    with the same probability the first counts as the likelier one.
    """

    def scores(self, prediction, y):
        """The score of the class of each row (n_rows, 1)."""
        return self.of_classes(prediction)[np.arange(len(y)), y][:, None]

    def of_classes(self, proba):
        """The score that each class would have (n_rows, n_classes)."""
        order = np.argsort(-proba, axis=1, kind="stable")
        falling = np.take_along_axis(proba, order, axis=1)
        scores = np.empty_like(falling)
        np.put_along_axis(scores, order, np.cumsum(falling, axis=1) - falling / 2, axis=1)
        return scores


def several_levels(loss):
    """The levels (n_levels,) of a loss with several quantiles, else None."""
    return loss.levels if isinstance(loss, Quantile) and loss.levels.size > 1 else None


def conformity(target, loss, n_outputs):
    """What measures scores for these targets and predictions; None if nothing does.

    Parameters
    ----------
    target : Labels or Values
    loss : Loss
    n_outputs : int
        Columns of a prediction.
    """
    if target.is_classification:
        return None if target.multilabel or n_outputs != len(target.classes) else Likelier()
    if several_levels(loss) is not None and target.n_targets == 1:
        return QuantileResiduals(int(loss.levels.argmin()), int(loss.levels.argmax()))
    return AbsoluteResiduals() if n_outputs == target.n_targets else None


class Scores:
    """Conformity scores in rising order, with their weights: those of the rows that a network held out.

    Parameters
    ----------
    values : ndarray of shape (n_scores, n_columns)
        In any order.
    weight : ndarray of shape (n_scores, n_columns) or None
        Those of the values; None if all count the same.
    total : float
        Weight of all.
    squares : float
        Sum over the rows of the weight that a row has here times its weight in the table.
    """

    def __init__(self, values, weight, total, squares):
        order = np.argsort(values, axis=0)
        self.values = np.take_along_axis(values, order, axis=0)
        self.weight = None if weight is None else np.take_along_axis(weight, order, axis=0)
        self.total, self.squares = float(total), float(squares)

    def columns(self):
        """For each column its values and the weight of all before each (n_scores + 1,), the total at the end."""
        n_scores = len(self.values)
        for j, values in enumerate(self.values.T):
            if self.weight is None:
                yield values, np.arange(n_scores + 1) * (self.total / n_scores)
            else:
                yield values, np.append(0.0, np.cumsum(self.weight[:, j]))

    def compressed(self):
        """Of more than 10 000 scores as many quantiles, rounded up."""
        if len(self.values) <= MAX_SCORES:
            return self
        reached = self.total * np.arange(1, MAX_SCORES + 1) / MAX_SCORES * (1 - ROUNDING)
        columns = [values[np.searchsorted(weights[1:], reached)] for values, weights in self.columns()]
        return Scores(np.column_stack(columns), None, self.total, self.squares)


def pooled(parts):
    """The `Scores` of several networks together."""
    values, weights = [each.values for each in parts], [each.weight for each in parts]
    for i, each in enumerate(parts):
        if each.weight is None:
            weights[i] = np.full(each.values.shape, each.total / len(each.values))
    totals = sum(each.total for each in parts), sum(each.squares for each in parts)
    return Scores(np.concatenate(values), np.concatenate(weights), *totals)


def learn_scores(measure, predictions, counts, data, target):
    """The `Scores` of each network, from its predictions for the rows that it held out.

    A row that several networks held out has the mean of its scores with each of them, and counts once in all: with each
    as much as the network does in a prediction.

    Parameters
    ----------
    measure : AbsoluteResiduals, QuantileResiduals or Likelier
    predictions : list of ndarray of shape (n_held_out, n_outputs)
        In the units of y.
    counts : list of float
        How much each network counts in a prediction.
    data : list of TrainingData
    target : Labels or Values

    Returns
    -------
    scores : list of Scores
    """
    y, weight = pooled_targets([each.watched for each in data])
    y = y if y.ndim == 1 else target.unscale(y.astype(np.float64))
    rows, stops = [each.held_out for each in data], np.cumsum([len(each.held_out) for each in data])[:-1]
    total = np.zeros(data[0].n_given)
    for which, count in zip(rows, counts, strict=True):
        total[which] += count
    shares = [count / total[which] for which, count in zip(rows, counts, strict=True)]
    with np.errstate(over="ignore", invalid="ignore"):
        found = [measure.scores(*each) for each in zip(predictions, np.split(y, stops), strict=True)]
    mean = np.zeros((data[0].n_given, found[0].shape[1]))
    for which, share, scores in zip(rows, shares, found, strict=True):
        mean[which] += share[:, None] * np.nan_to_num(scores, nan=LARGEST, posinf=LARGEST)
    weights = np.split(np.ones(len(y)) if weight is None else weight, stops)
    return [_of_rows(mean[which], *each) for which, *each in zip(rows, weights, shares, strict=True)]


def _of_rows(values, weight, share):
    here = weight * share
    is_even = (here == 1).all()  # all rows count the same
    weights = None if is_even else np.repeat(here[:, None], values.shape[1], axis=1)
    return Scores(values, weights, here.sum(), weight @ here).compressed()


def why_no_scores(settings, data, measure, n_evaluated):
    """Why no network of a fit has scores, and what to set, as the end of a sentence."""
    if settings.is_partial:
        return "partial_fit holds none out and may learn from those that were; call fit"
    if measure is None:
        return "scores are defined for predictions with one column for each target, or for each class"
    if data[0].watched is not None and data[0].held_out is None:
        return "fit watched X_val and y_val in their place; call it without them"
    if data[0].watched is not None and not n_evaluated:
        return f"max_time={settings.max_time} seconds were over before any were evaluated; increase max_time"
    if settings.is_few_rows:
        return "of up to 60 rows fit holds none out; set cv=5, with early_stopping='auto' or True"
    if not settings.early_stopping:
        return "fit held none out; set early_stopping=True or cv=5"
    return "fit found too few rows to hold any out; increase validation_fraction or set cv=5"
