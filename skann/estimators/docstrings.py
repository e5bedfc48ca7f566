"""The docstrings of ANNClassifier and ANNRegressor, which stand in full in the source.

The script ``python -m skann.estimators.docstrings`` writes them there, from the texts here and in `entries`; a test
says when they are stale. Nothing else in the package imports this module.
"""

import ast
import inspect
import re
import textwrap
from pathlib import Path
from string import Template

from .._parts import without
from ..engine import initializers
from ..engine.activations import ACTIVATIONS
from ..engine.embeddings import EMBEDDINGS
from ..engine.losses import LOSSES
from ..engine.optimizers import OPTIMIZERS
from ..engine.schedules import SCHEDULES
from . import entries

WIDTH = 120
FILES = ("classifier.py", "regressor.py")

OPENING = {
    "ANNClassifier": """
Feed-forward neural network classifier.

Two or more classes have one output each, softmax and cross-entropy (equation 4); multilabel targets have one output per
label, the logistic function and binary cross-entropy.
""",
    "ANNRegressor": """
Feed-forward neural network regressor.

Each target has one output. The loss is the squared error (equation 3) unless ``loss`` names another.
""",
}

OWN_ATTRIBUTES = {
    "ANNClassifier": """
classes_ : ndarray of shape (n_classes,)
    The labels; for multilabel targets, the numbers of their columns.

temperature_ : float
    Number that the raw outputs are divided by: see ``calibration``.
""",
    "ANNRegressor": """
target_mean_ : ndarray of shape (n_targets,) or None
    Mean of the training targets, without `fit` of the first 1000 in calls of `partial_fit`; None without
    ``target_scaling``.

target_scale_ : ndarray of shape (n_targets,) or None
    Standard deviation of the training targets, None without ``target_scaling``.
""",
}

ATTRIBUTES = """
n_features_in_ : int
    Number of columns of X in `fit`.

feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns of X in `fit`, if all are strings.

encoder_ : transformer or None
    The fitted encoder, None if ``encoder`` is None.

resolved_params_ : dict of str to object
    For each parameter that was "auto" its value in the last call: one that could be given in its place. The learning
    rate is the one that has a factor for each group of parameters (see Notes); ``max_iter`` is the number of epochs
    that the first two networks of an ensemble plan, those after them plan for as many as these need. `partial_fit` and
    warm starts keep the values that made the network.

networks_ : skann.fitting.networks.Networks
    The networks of the model, one or several, with their histories and the loss. The attributes below are read from it.

network_ : skann.engine.network.Network
    The trained network.

coefs_ : list of ndarray of shape (n_in, n_out)
    Weights of each layer, views of ``network_.theta``.

intercepts_ : list of ndarray of shape (n_out,)
    Biases of each layer, views of ``network_.theta``.

n_layers_ : int
    Number of layers, input and output included.

n_outputs_ : int
    Number of units in the last layer.

out_activation_ : str
    Name of the function from the outputs of the last layer to predictions.

estimators_ : list of estimators
    Only with several networks: for each, an estimator with one network and with the attributes that describe it. The
    ensemble itself does not have these attributes.

oof_prediction_ : ndarray or None
    Only with several networks: out-of-fold predictions. For each training row the mean prediction, probabilities or
    values, of the networks that held it out, NaN where none did; None if no rows were held out, or if they came as a
    table of blocks. Scores of the training rows that are computed from it are honest. It is not part of a pickle.

oof_score_ : float or None
    Score of the training rows by networks that did not learn from them: what ``oob_score_`` is to a forest. It is the
    accuracy or R2 of `oof_prediction_`, weighted by ``sample_weight``; of one network that of the rows that it held
    out; with several quantiles minus the mean pinball loss. With any other ``scoring`` than "loss", None, "accuracy"
    and "r2" it is the mean of the networks' best scores, weighted by the rows that they held out. None if no rows were.
    Part of a pickle. Since the same rows chose the epochs, it is slightly optimistic, as `best_validation_score_` is.

oof_loss_ : float or None
    Mean loss of the held-out rows, in the units of `history_`, each judged by the network that held it out; of a
    classifier at its temperature. None if no rows were held out.

portfolio_ : list of dict
    Only with ``portfolio``: for each candidate the "params" that it changes, the mean best "score" of the held-out rows
    of the first two folds (see ``scoring``), the number "n_networks" of its networks, and its "weight" in predictions.

feature_importances_ : ndarray of shape (`n_features_in_`,)
    What each column of X means to the model: its mean absolute attribution (see `skann.inspection.attributions`), with
    sum 1; all 0 for a constant model. It is computed at the end of `fit` on at most 500 rows, held out or of ``X_val``,
    or else training rows, by the networks that did not learn from them, and with a background that is smaller the
    shorter the training was. After `partial_fit` there is none.

n_iter_ : int
    Number of epochs in the last call of `fit` or `partial_fit`.

t_ : int
    Number of training rows seen in all epochs together.

history_ : dict of str to list
    Lists with one number per epoch of all calls: "loss", "learning_rate" (NaN for "lbfgs") and "seconds" since the call
    began; with held-out rows or ``X_val`` also "validation_loss" and "validation_score".

loss_curve_ : list of float
    Training loss of each epoch.

loss_ : float
    The last number in `loss_curve_`.

best_loss_ : float
    The smallest number in `loss_curve_`.

validation_scores_ : list of float or None
    Score of the held-out rows, or of ``X_val``, after each epoch (see ``scoring``); None without such rows.

best_validation_score_ : float or None
    The greatest number in `validation_scores_`: the score of the weights that were kept, unless a constant prediction
    was better than those of every epoch.
"""

NOTES = """
"auto" stands for a value from one of two sets.

*The plain network* is meant with ``encoder=None`` and with the solvers "sgd" and "lbfgs". It has the values of
scikit-learn's MLP: one hidden layer of 100 ReLU units, "glorot", learning rate 0.001, "constant", ``beta_2`` 0.999, 200
epochs, batches of min(200, n) rows, ``n_iter_no_change`` 10, and no dropout, weight decay, averaging, early stopping,
embedding, feature scaling or ensemble.

*The recipe* is meant with an encoder and the solvers "adam", "nadam" and "rmsprop". It was chosen on many real tables
of 200 to 10 000 rows. With n the number of rows and r = (n / 1000)^(1/3), it has:

- three hidden layers of parametric Mish units: 64 (n / 1000)^0.6 each in classification, from 64 to 256, and 128 r in
  regression, from 96 to 128; with ``n_estimators=1`` 128 r, from 128 to 256 in classification and 128 in regression;
- "periodic" embeddings of the numeric columns, a learnt factor for each input of the first layer, and "data" as
  initializer;
- batches of 64 r rows, from 32 to 512;
- "coslog4" during 70 / r epochs in classification, from 10 to 64, and 128 / r in regression, from 8 to 128;
  it ends earlier if no epoch is better for 1/8 of that number and as many epochs more as it took to the best one;
- learning rate 0.02 in classification and 0.1 in regression, times a factor for each group of parameters: n_in^(-1/2)
  for the weights of a layer with n_in inputs, 6 for feature scaling, 0.1 for biases, numeric embeddings and parametric
  activations, 1 for embeddings of categories; ``beta_2`` 0.95;
- weight decay 0.02, times the square of the last four factors, and in classification dropout 0.15; both fade out in
  the second half of the training. Averaged weights, with decay rate 0.99;
- 8 networks; in classification 8 (10 000 / n)^(1/3) above 10 000 rows, in regression 8 / r above 1000 rows and at
  least 5. Those after the first two plan for 1.2 times the mean number of
  epochs at which these were best, 8 at least, unless ``max_iter`` is given. A single network holds out 0.2 of the
  rows. The held-out rows set the temperature of a classifier. The targets of a regression are scaled, but not for
  "poisson", "gamma", "tweedie" and loss objects; with an encoder this is so for every solver.

``portfolio=True`` has three candidates in classification: the recipe, the recipe with "piecewise_linear" embeddings,
and the recipe without embeddings of numbers. In regression it has two, the recipe and the recipe with frequencies of
standard deviation 1 in place of 0.3.

Above 50 000 rows, with e = n / 50 000, a fit is to take little longer than of so many. Regression has 5 e^-0.36
networks, both tasks at least 2, and 128 / (r e^0.08) epochs. Classification has layers of 256 / sqrt(e) units, at least
128, with the learning rate 0.02 sqrt(e), at most 0.04, and dropout 0.15 / e, rounded to 0.05. Two to four networks, and
a single one, hold out 16 384 rows each at most.

Up to 60 rows with a weight above zero it is made for few: nothing is held out, a batch is all rows, the training is in
float64 and without dropout, so that an integer weight is exactly as many copies of a row. The layers then have 128
units, and classification has 16 networks, 20 epochs and weight decay 0.45, and the distance of the raw outputs to those
of the best constant prediction is divided by 1 + 20 h / max(m, 10), with m the number of different rows of X and h the
share of rows that no row of another class equals. In regression the initial weights are projected on the differences
between rows.

Above four columns for each row, or 240 columns where there are up to 60 rows, numbers have no embedding. Above 60 rows
the layers then have half the width, 64 at least, and the factor for feature scaling is 6 sqrt(columns / rows), at most
24; up to 60 rows there are 8 networks.

Where no epoch is better than the best constant prediction, this is what the network predicts; if most networks end so,
a warning says it.

Sparse input has no embeddings and no feature scaling. Where a row has k values that are not zero, the learning rate of
the first layer has the factor sqrt(min(36, n_in / k) / k) in place of n_in^(-1/2), but not in regression with up to 60
rows.

`partial_fit` trains one network, unless ``n_estimators`` is a number, at a constant fifth of the learning rate, since
it does not know when the training will end; its layers are those of a single network.

The page about the recipe in the documentation says what each part brings.
"""

EXAMPLES = {
    "ANNClassifier": """
>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import train_test_split
>>> from skann import ANNClassifier
>>> X, y = load_iris(return_X_y=True)
>>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
>>> classifier = ANNClassifier(n_estimators=1, random_state=0).fit(X_train, y_train)
>>> classifier.score(X_test, y_test) > 0.9
True
""",
    "ANNRegressor": """
>>> from sklearn.datasets import load_diabetes
>>> from skann import ANNRegressor
>>> X, y = load_diabetes(return_X_y=True)
>>> model = ANNRegressor(n_estimators=1, random_state=0).fit(X[:300], y[:300])
>>> model.score(X[300:], y[300:]) > 0.4
True
""",
}

SEE_ALSO = {
    "ANNClassifier": "ANNRegressor : The same for regression.",
    "ANNRegressor": "ANNClassifier : The same for classification.",
}

# --------------------------------------------------------------------------------------------------------- entries


def entry(name, estimator="ANNRegressor"):
    """The entry of a parameter in a docstring, with the options that are registered now.

    Parameters
    ----------
    name : str
    estimator : {"ANNClassifier", "ANNRegressor"}, default="ANNRegressor"

    Returns
    -------
    entry : str
        Name, type and default in the first line, then the description, indented.

    Examples
    --------
    >>> print(entry("power_t"))
    power_t : float, default=0.5
        Exponent of ``learning_rate="invscaling"``.
    """
    return _entry(name, _split(entries.PARAMETERS) | _split(entries.OWN_PARAMETERS[estimator]), options())


def options():
    """Text for each ``$name`` in the entries: the options in a list of names, or of names with what they mean."""
    start = initializers.INITIALIZERS | {"data": initializers.data}
    return {
        "activations": _names(ACTIVATIONS),
        "initializers": _names(start),
        "embeddings": _names(EMBEDDINGS),
        "solvers": _names([*OPTIMIZERS, "lbfgs"]),
        "initializers_in_words": _in_words(start, entries.INITIALIZERS_IN_WORDS),
        "embeddings_in_words": _in_words(EMBEDDINGS, entries.EMBEDDINGS_IN_WORDS),
        "schedules_in_words": _in_words(SCHEDULES, entries.SCHEDULES_IN_WORDS),
        "losses_in_words": _in_words(without(LOSSES, "is_classification"), entries.LOSSES_IN_WORDS),
    }


def _names(parts):
    return ", ".join(f'"{name}"' for name in parts)


def _in_words(parts, words):
    """A list of the parts; those without words of their own have the first sentence of their docstring."""
    meanings = {name: (inspect.getdoc(part) or "").split("\n")[0].rstrip(".") for name, part in parts.items()} | words
    return ";\n".join(f'- "{name}": {meanings[name]}' if meanings[name] else f'- "{name}"' for name in parts)


def _split(text):
    """The entries of a list in numpydoc's form: {name: (first line, description)}."""
    found = re.findall(r"^((\w+) : .+)\n((?:(?:    .*)?\n)*)", text, re.MULTILINE)
    return {name: (header, textwrap.dedent(body).strip()) for header, name, body in found}


def _entry(name, texts, listed):
    header, body = (Template(text).substitute(listed) for text in texts[name])
    return f"{header}\n{textwrap.indent(_wrap(body, WIDTH - 8), '    ')}"


def _wrap(text, width):
    """Paragraphs and lists filled up to ``width``."""
    pieces = re.split(r"(\n\n|\n(?=- ))", text.strip())
    for i in range(0, len(pieces), 2):
        hanging = "  " if pieces[i].startswith("- ") else ""
        words = " ".join(pieces[i].split())
        pieces[i] = textwrap.fill(
            words, width, subsequent_indent=hanging, break_on_hyphens=False, break_long_words=False
        )
    return "".join(pieces)


# ------------------------------------------------------------------------------------------------------ docstrings


def docstring(estimator):
    """The whole docstring of the class with this name."""
    parameters = _split(entries.PARAMETERS) | _split(entries.OWN_PARAMETERS[estimator])
    attributes = _split(OWN_ATTRIBUTES[estimator]) | _split(ATTRIBUTES)
    groups = {title: [name for name in names if name in parameters] for title, names in entries.GROUPS.items()}
    listed = options()
    sections = {
        "Parameters": "\n\n".join(_entry(name, parameters, listed) for names in groups.values() for name in names),
        "Attributes": "\n\n".join(_entry(name, attributes, listed) for name in attributes),
        "See Also": SEE_ALSO[estimator],
        "Notes": _wrap(NOTES, WIDTH - 4),
        "Examples": EXAMPLES[estimator].strip(),
    }
    contents = ";\n".join(f"- {title.lower()}: {', '.join(names)}" for title, names in groups.items())
    summary = f"{OPENING[estimator]}{entries.FIRST}\nThe parameters are, in groups:\n\n{contents}."
    body = [f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items()]
    return "\n\n".join([_wrap(summary, WIDTH - 4), *body])


def written(source):
    """The source of a module, with the docstrings of the estimators that it defines written anew."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.ClassDef) and node.name in OPENING:
            text = textwrap.indent(f'"""{docstring(node.name)}\n"""', "    ")
            lines[node.body[0].lineno - 1 : node.body[0].end_lineno] = text.splitlines()
    return "\n".join(lines) + "\n"


def main():
    """Write the docstrings into the source."""
    for path in map(Path(__file__).with_name, FILES):
        path.write_text(written(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
