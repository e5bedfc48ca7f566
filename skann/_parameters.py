"""The hyper-parameters that both estimators have: what each allows and what it means."""

import inspect
from numbers import Integral, Real

import numpy as np

from ._compat import HasMethods, Interval, Options, StrOptions
from .engine.activations import ACTIVATIONS
from .engine.initializers import INITIALIZERS
from .engine.optimizers import OPTIMIZERS
from .engine.schedules import SCHEDULES


def at_least(low, kind=Real):
    return Interval(kind, low, None, closed="left")


def above(low):
    return Interval(Real, low, None, closed="neither")


FRACTION = Interval(Real, 0, 1, closed="left")

CONSTRAINTS = {
    "hidden_layer_sizes": [at_least(1, Integral), "array-like"],
    "activation": [StrOptions(set(ACTIVATIONS)), HasMethods(["forward", "backward"]), list, tuple],
    "parametric_activation": ["boolean"],
    "solver": [StrOptions({*OPTIMIZERS, "lbfgs"})],
    "initializer": [StrOptions({*INITIALIZERS, "data"})],
    "alpha": [at_least(0)],
    "weight_decay": [at_least(0)],
    "dropout": [FRACTION, list, tuple],
    "batch_size": [StrOptions({"auto"}), at_least(1, Integral)],
    "learning_rate": [StrOptions(set(SCHEDULES)), callable],
    "learning_rate_init": [above(0)],
    "power_t": [at_least(0)],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [FRACTION],
    "beta_2": [FRACTION],
    "epsilon": [above(0)],
    "max_fun": [at_least(1, Integral)],
    "max_grad_norm": [above(0), None],
    "max_iter": [at_least(1, Integral)],
    "max_time": [above(0), None],
    "tol": [at_least(0)],
    "n_iter_no_change": [at_least(1, Integral), Options(Real, {np.inf})],
    "early_stopping": ["boolean"],
    "validation_fraction": [FRACTION],
    "warm_start": ["boolean"],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "encoder": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
    "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    "numeric_embedding": [StrOptions({"periodic", "piecewise_linear"}), None],
    "feature_scaling": ["boolean"],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
    "verbose": ["verbose"],
}

DOCS = inspect.cleandoc("""
hidden_layer_sizes : int or sequence of int, default=(100,)
    Units in each hidden layer; a number is one layer, ``()`` the linear model.

activation : str, activation object, or list of these, default="relu"
    Activation of the hidden layers, one for all or one for each: "identity", "logistic", "tanh", "relu", "leaky_relu",
    "elu", "selu", "gelu", "silu", "mish", "softplus", or an object that follows the contract of
    `skann.engine.activations`.

parametric_activation : bool, default=False
    Whether each hidden unit learns how much of its activation f it takes: z + p (f(z) - z), where p starts at 1.

solver : {"adam", "nadam", "rmsprop", "sgd", "lbfgs"}, default="adam"
    What minimises the objective: a step after each batch, or L-BFGS on all rows, good on small data. "rmsprop"
    averages squared gradients with ``beta_2``, without momentum.

initializer : {"auto", "glorot", "he", "lecun", "data"}, default="auto"
    Variance of the initial weights and biases, uniform around 0: 2 / (n_in + n_out) ("glorot" and "auto"), 2 / n_in
    ("he") or 1 / n_in ("lecun"); or "data": each pre-activation gets variance 1 and its zero inside the data, judged by
    up to 1000 training rows. The biases of the output start at the best constant prediction.

alpha : float, default=0.0001
    L2 regularisation: alpha / (2 n) ||W||^2 is added to the mean loss, where n is the total weight of the training
    rows, whatever the solver and the batch size; biases are left out.

weight_decay : float, default=0.0
    Decoupled weight decay: each step multiplies the weights by 1 - learning rate x weight_decay (AdamW with
    ``solver="adam"``). Not for "lbfgs".

dropout : float or list of float, default=0.0
    Probability of dropping a hidden unit during training, one for all hidden layers or one for each. Not for "lbfgs".

batch_size : int or "auto", default="auto"
    Rows in a batch; "auto" is min(200, n_samples). Not for "lbfgs", which uses all rows.

learning_rate : str or schedule object, default="constant"
    How the learning rate goes on from ``learning_rate_init``, with every solver but "lbfgs":

    - "constant";
    - "invscaling": divided by (1 + rows seen before the epoch) ** power_t;
    - "adaptive": divided by 5 whenever ``n_iter_no_change`` epochs bring no improvement, down to 1e-6;
    - "linear" and "cosine": down to 0 at ``max_iter``;
    - "one_cycle": up during 30 % of ``max_iter``, then down;
    - "coslog4": four cosine cycles, each twice as long as the one before;
    - an object that returns the learning rate when called with the number of steps taken, as in
      `skann.engine.schedules`; ``learning_rate_init`` is then unused.

learning_rate_init : float, default=0.001
    Learning rate at the start (the highest one for "one_cycle" and "coslog4").

power_t : float, default=0.5
    Exponent of "invscaling".

momentum : float, default=0.9
    Momentum of "sgd".

nesterovs_momentum : bool, default=True
    Whether the momentum of "sgd" is Nesterov's.

beta_1 : float, default=0.9
    Decay of the first moment of "adam" and "nadam".

beta_2 : float, default=0.999
    Decay of the second moment of "adam", "nadam" and "rmsprop".

epsilon : float, default=1e-8
    Keeps the divisions of "adam", "nadam" and "rmsprop" stable.

max_fun : int, default=15000
    Most evaluations of the objective with "lbfgs".

max_grad_norm : float, default=None
    Gradients longer than this Euclidean norm are cut to it. Not for "lbfgs".

max_iter : int, default=200
    Most epochs, with "lbfgs" most iterations.

max_time : float, default=None
    Seconds after which the training ends, with the epoch then running.

tol : float, default=1e-4
    Improvement of the watched loss or score that counts, in regression relative to the loss of the best constant
    prediction. With "lbfgs" the largest element of the gradient at which it ends.

n_iter_no_change : int or inf, default=10
    The training ends after so many epochs in a row without an improvement by ``tol``; small steady gains add up.

early_stopping : bool, default=False
    Hold out ``validation_fraction`` of the rows, watch the loss on them instead of the training loss and restore the
    weights of the best epoch, whatever the solver. With fewer than 10 held-out rows, or fewer than one per class,
    nothing is held out, the training loss is watched, and a warning says so. `partial_fit` never holds out rows.

validation_fraction : float, default=0.1
    Share of the rows that early stopping holds out.

warm_start : bool, default=False
    Whether `fit` goes on from where the last call ended: weights, state of the optimizer, schedule and random numbers.

shuffle : bool, default=True
    Whether to shuffle the rows before each epoch.

random_state : int, RandomState instance or None, default=None
    Determines the initial weights, the order of the rows, the held-out rows and dropout. An int makes `fit`
    reproducible to the bit.

encoder : "auto", None or transformer, default=None
    What turns X into numbers before the network: None takes X as it is, numeric and finite; "auto" is
    `TabularEncoder`, for tables with categories, strings and missing values, scaled or not; or a scikit-learn
    transformer, fitted anew in each `fit`. It learns from the training rows without the held-out ones.

categorical_features : array-like, "from_dtype" or None, default="from_dtype"
    With ``encoder="auto"``: which columns are categories, by mask, number or name; "from_dtype": those of
    category, string and object dtype.

numeric_embedding : {"periodic", "piecewise_linear"} or None, default=None
    What turns each numeric column into several learnt features: cosines of learnt frequencies, or a linear
    function with bends at quantiles. Needs a dense X.

feature_scaling : bool, default=False
    Whether the network learns a factor for each of its inputs. Needs a dense X.

dtype : {"auto", "float32", "float64"}, default="auto"
    What the training computes in. "auto" is float64 for "lbfgs", for up to 500 rows, and where values are too large
    for float32; else float32, which is about twice as fast. Predictions are computed in the dtype of their input.

verbose : bool or int, default=False
    Whether to print a line per epoch.
""")

ATTRIBUTES = inspect.cleandoc("""
n_features_in_ : int
    Number of features seen in `fit`.

feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features seen in `fit`, if all are strings.

coefs_ : list of ndarray of shape (n_in, n_out)
    The weights of each layer, views of ``network_.theta``.

intercepts_ : list of ndarray of shape (n_out,)
    The biases of each layer, views of ``network_.theta``.

encoder_ : transformer or None
    The fitted encoder, None if ``encoder`` is None.

network_ : skann.engine.network.Network
    The trained network.

n_layers_ : int
    Number of layers, input and output included.

n_outputs_ : int
    Number of units in the last layer.

out_activation_ : str
    The function from the last layer to predictions.

n_iter_ : int
    Epochs of the last call of `fit` or `partial_fit`.

t_ : int
    Training rows seen in all epochs.

history_ : dict of str to list
    One entry per epoch of all calls: "loss", "learning_rate" (NaN with "lbfgs") and "seconds" since the call began;
    with held-out rows also "validation_loss" and "validation_score".

loss_curve_ : list of float
    Training loss of each epoch.

loss_ : float
    The last of `loss_curve_`.

best_loss_ : float
    The lowest of `loss_curve_`.

validation_scores_ : list of float or None
    Score on the held-out rows after each epoch, minus the loss; None without held-out rows.

best_validation_score_ : float or None
    The greatest of `validation_scores_`: that of the weights kept.
""")


def _sections(text):
    """{name: its entry} of a numpydoc list of parameters."""
    entries = {}
    for line in text.splitlines():
        if line and not line.startswith(" "):
            name = line.split(" :")[0]
            entries[name] = []
        entries[name].append(line)
    return {name: "\n".join(lines).rstrip() for name, lines in entries.items()}


def documented(cls):
    """Class decorator that puts the entries above where the docstring says ``{name}`` alone on a line."""
    entries = _sections(DOCS) | _sections(ATTRIBUTES)
    lines = []
    for line in inspect.cleandoc(cls.__doc__).splitlines():
        name = line[1:-1] if line.startswith("{") and line.endswith("}") else None
        lines.append(entries[name] + "\n" if name else line)
    cls.__doc__ = "\n".join(lines)
    return cls
