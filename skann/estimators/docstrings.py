"""The docstrings of the estimators: entries that both share, each once."""

import inspect

DOCS = inspect.cleandoc("""
hidden_layer_sizes : int, sequence of int or "auto", default="auto"
    Units in each hidden layer; a number is one layer, ``()`` the linear model. "auto": see Notes, as for all parameters
    that can be "auto".

activation : str, activation object, or list of these, default="auto"
    Activation of the hidden layers, one for all or one for each: "identity", "logistic", "tanh", "relu", "leaky_relu",
    "elu", "selu", "gelu", "silu", "mish", "softplus", or an object that follows the contract of
    `skann.engine.activations`.

parametric_activation : bool or "auto", default="auto"
    Whether each hidden unit learns how much of its activation f it takes: z + p (f(z) - z), where p starts at 1.

solver : {"adam", "nadam", "rmsprop", "sgd", "lbfgs"}, default="adam"
    What minimises the objective: a step after each batch, or L-BFGS on all rows, good on small data. "rmsprop"
    averages squared gradients with ``beta_2``, without momentum.

initializer : {"auto", "glorot", "he", "lecun", "data"}, default="auto"
    Variance of the initial weights and biases, uniform around 0: 2 / (n_in + n_out) ("glorot"), 2 / n_in ("he") or 1 /
    n_in ("lecun"); or "data": each pre-activation gets variance 1 and its zero inside the data, judged by up to 1000
    training rows. The biases of the output start at the best constant prediction.

alpha : float, default=0.0001
    L2 regularisation: alpha / (2 n) ||W||^2 is added to the mean loss, where n is the total weight of the training
    rows, whatever the solver and the batch size; biases are left out.

weight_decay : float or "auto", default="auto"
    Decoupled weight decay: each step multiplies the weights by 1 - learning rate x weight_decay (AdamW with
    ``solver="adam"``). Not for "lbfgs".

dropout : float, list of float or "auto", default="auto"
    Probability of dropping a hidden unit during training, one for all hidden layers or one for each. Not for "lbfgs".

batch_size : int or "auto", default="auto"
    Rows in a batch. Not for "lbfgs", which uses all rows.

learning_rate : str or schedule object, default="auto"
    How the learning rate goes on from ``learning_rate_init``, with every solver but "lbfgs":

    - "constant";
    - "invscaling": divided by (1 + rows seen before the epoch) ** power_t;
    - "adaptive": divided by 5 whenever ``n_iter_no_change`` epochs bring no improvement, down to 1e-6;
    - "linear" and "cosine": down to 0 at ``max_iter``;
    - "flat_cosine": constant during half of ``max_iter``, then down to 0;
    - "one_cycle": up during 30 % of ``max_iter``, then down;
    - "coslog4": four cosine cycles, each twice as long as the one before;
    - an object that returns the learning rate when called with the number of steps taken, as in
      `skann.engine.schedules`; ``learning_rate_init`` is then unused. With an attribute ``n_steps`` it plans for an
      end, and no warning says that ``max_iter`` was reached.

learning_rate_init : float or "auto", default="auto"
    Learning rate at the start (the highest one for "one_cycle" and "coslog4"). A number is the rate of all parameters;
    in the recipe, "auto" has one for each group of them.

power_t : float, default=0.5
    Exponent of "invscaling".

momentum : float, default=0.9
    Momentum of "sgd".

nesterovs_momentum : bool, default=True
    Whether the momentum of "sgd" is Nesterov's.

beta_1 : float, default=0.9
    Decay of the first moment of "adam" and "nadam".

beta_2 : float or "auto", default="auto"
    Decay of the second moment of "adam", "nadam" and "rmsprop".

epsilon : float, default=1e-8
    Keeps the divisions of "adam", "nadam" and "rmsprop" stable.

max_fun : int, default=15000
    Most evaluations of the objective with "lbfgs".

max_grad_norm : float, default=None
    Gradients longer than this Euclidean norm are cut to it. Not for "lbfgs".

weight_averaging : float, "auto" or None, default="auto"
    Decay, per step, of an exponential moving average of the weights, such as 0.99; the average is what is validated and
    kept. Not for "lbfgs".

max_iter : int or "auto", default="auto"
    Most epochs, with "lbfgs" most iterations.

max_time : float, default=None
    Seconds after which the training ends, with the epoch then running.

tol : float, default=1e-4
    Improvement of the watched loss or score that counts; a loss, in regression, relative to that of the best constant
    prediction. With "lbfgs" the largest element of the gradient at which it ends.

n_iter_no_change : int, inf or "auto", default="auto"
    The training ends after so many epochs in a row without an improvement by ``tol``; small steady gains add up.

early_stopping : bool or "auto", default="auto"
    Hold out rows, watch the loss on them instead of the training loss and restore the weights of the best epoch,
    whatever the solver. One network holds out ``validation_fraction`` of the rows; an ensemble holds out folds: see
    ``n_estimators``. With fewer than 10 held-out rows, or fewer than one per class, nothing is held out and the
    training loss is watched; if ``early_stopping=True``, a warning says so. `partial_fit` never holds out rows. Where
    `fit` is given ``X_val``, that is watched, "auto" means True, and nothing is held out.

validation_fraction : float or "auto", default="auto"
    Share of the rows that early stopping of one network holds out.

scoring : str, callable or None, default="loss"
    What early stopping watches, greater is better: "loss" (minus the loss; with ``calibration="temperature"`` minus the
    loss at the best temperature of the epoch), the name of a scikit-learn scorer, a callable ``scorer(estimator, X,
    y)`` or scorer object, or None: accuracy or R2. The weights with the best score are kept. A scorer gets the model of
    that epoch, a copy that it may keep, not calibrated, and the watched rows as `fit` got them; also their weights,
    ``class_weight`` included unless they are ``X_val``, if it takes ``sample_weight``. "loss", "accuracy", "r2" and
    None cost next to nothing; others predict anew in each epoch.

warm_start : bool, default=False
    Whether `fit` goes on from where the last call ended: weights, state of the optimizer, schedule and random numbers.

shuffle : bool, default=True
    Whether to shuffle the rows before each epoch.

random_state : int, RandomState instance or None, default=None
    Determines the initial weights, the order of the rows, the held-out rows and dropout. An int makes `fit`
    reproducible to the bit, whatever ``n_jobs``; for a large network alone (8 million multiplications in a matrix
    product of a batch) that also needs the same number of BLAS threads.

n_estimators : int or "auto", default="auto"
    Number of networks, whose probabilities or values are averaged. With early stopping, 5 to 10 networks hold out one
    fold each of a cross-validation (fewer than 5: folds of a fifth of the rows; more than 10: further folds of a
    tenth), so that together they see every row, and each has its best epoch chosen by rows that it has not seen. The
    fitted attributes of a single network are then found in `estimators_`.

n_jobs : int, default=None
    How many networks of an ensemble are trained at the same time, by joblib, in threads unless
    ``joblib.parallel_config`` says otherwise. None means 1, -1 all processors. `max_time` is then for each network, and
    Ctrl-C leaves the estimator as it was. Predictions for many rows use as many threads, and are the same but for
    rounding.

encoder : "auto", None or transformer, default="auto"
    What turns X into numbers before the network: "auto" is `TabularEncoder`, for tables with numbers, categories,
    strings and missing values, scaled or not; None takes X as it is, numeric and finite; or a scikit-learn
    transformer, fitted anew in each `fit`. It learns from the training rows without the held-out ones, for an ensemble
    from all rows, and never from ``X_val``.

categorical_features : array-like, "from_dtype" or None, default="from_dtype"
    With ``encoder="auto"``: which columns are categories, by mask, number or name; "from_dtype": those of
    category, string and object dtype.

numeric_embedding : {"periodic", "piecewise_linear", "auto"} or None, default="auto"
    What turns each numeric column into several learnt features: cosines of learnt frequencies, or a linear
    function with bends at quantiles. Needs a dense X.

feature_scaling : bool or "auto", default="auto"
    Whether the network learns a factor for each of its inputs. Needs a dense X.

dtype : {"auto", "float32", "float64"}, default="auto"
    What the training computes in. "auto" is float64 for "lbfgs", for up to 500 rows outside the recipe, and where
    values are too large for float32; else float32, which is about twice as fast. Predictions are computed in the dtype
    of their input.

verbose : bool or int, default=False
    Whether to print a line per epoch.
""")


NOTES = inspect.cleandoc("""
Notes
-----
"auto" stands for one of two sets of values.

*The plain network*, with ``encoder=None`` and for the solvers "sgd" and "lbfgs", has the values of scikit-learn's MLP:
one hidden layer of 100 ReLU units, "glorot", learning rate 0.001, "constant", beta_2 0.999, 200 epochs, batches of
min(200, n) rows, ``n_iter_no_change`` 10, and no dropout, decay, averaging, early stopping, embedding, scaling layer or
ensemble.

*The recipe*, with an encoder and the solvers "adam", "nadam" and "rmsprop", was chosen on many real tables of 200 to
10 000 rows. With n the number of rows and r = (n / 1000)^(1/3):

- three hidden layers of parametric Mish units: 128 r each in classification, from 128 to 256, and 128 in regression;
- "periodic" embeddings of the numbers, a learnt factor for each input of the first layer, and "data" as initializer;
- batches of 64 r rows, from 32 to 512;
- "coslog4" during 70 / r epochs in classification, up to 64, and 128 / r in regression, up to 128, always at least 8;
  it ends earlier after 1/8 of that and as many epochs more as it took to the best one;
- learning rate 0.02 in classification and 0.1 in regression, times n_in^(-1/2) for the weights of a layer with n_in
  inputs, 6 for the factors of the inputs, 0.1 for biases, numeric embeddings and parameters of activations, 1 for
  embeddings of categories; beta_2 0.95;
- weight decay 0.02, times the square of the last-named factors, and in classification dropout 0.15; both fade out in
  the second half. Averaged weights (0.99);
- 8 networks, fewer above 10 000 rows and at least 4; a single network holds out 0.2 of the rows. Held-out rows set the
  temperature of a classifier. Targets of a regression are standardised, but with "poisson", "gamma" and loss objects
  (with an encoder this holds for every solver).

Sparse input has no embeddings and no learnt factors. `partial_fit` trains one network, unless ``n_estimators`` is a
number, at a constant fifth of the learning rate, as it knows no end.

Which part brings how much is told in the documentation, on the page about the recipe.
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

estimators_ : list of estimators
    With several networks: a model with one network each, which has that network's attributes. The others of this list
    that are about one network do not exist then.

oof_prediction_ : ndarray or None
    With several networks: for each training row the mean prediction, probabilities or values, of those networks that
    held it out; NaN where none did; None if no rows were held out. It makes honest scores of the training rows. Not
    part of a pickle.

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
    with held-out rows or ``X_val`` also "validation_loss" and "validation_score".

loss_curve_ : list of float
    Training loss of each epoch.

loss_ : float
    The last of `loss_curve_`.

best_loss_ : float
    The lowest of `loss_curve_`.

validation_scores_ : list of float or None
    Score on the watched rows, held out or ``X_val``, after each epoch: see ``scoring``; None without such rows.

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
    entries = _sections(DOCS) | _sections(ATTRIBUTES) | {"notes": NOTES}
    lines = []
    for line in inspect.cleandoc(cls.__doc__).splitlines():
        name = line[1:-1] if line.startswith("{") and line.endswith("}") else None
        lines.append(entries[name] + "\n" if name else line)
    cls.__doc__ = "\n".join(lines)
    return cls
