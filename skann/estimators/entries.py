"""The entries of the estimators' docstrings, each once; `docstrings` puts them into the classes.

An entry may be wrapped anyhow: the script wraps it anew. ``$names`` stand for options that are listed when the entry is
built.
"""

GROUPS = {
    "The network": (
        "hidden_layer_sizes", "activation", "parametric_activation", "initializer", "numeric_embedding",
        "feature_scaling", "monotonic_cst", "interaction_cst",
    ),
    "How it trains": (
        "loss", "huber_delta", "quantile", "power", "target_scaling", "label_smoothing", "class_weight", "solver",
        "alpha", "weight_decay", "dropout", "batch_size", "shuffle", "learning_rate", "learning_rate_init", "power_t",
        "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_grad_norm", "weight_averaging",
    ),
    "When it stops": (
        "max_iter", "max_fun", "max_time", "tol", "n_iter_no_change", "early_stopping", "validation_fraction",
        "cv", "scoring",
    ),
    "The ensemble": ("n_estimators", "portfolio", "n_jobs"),
    "The table": ("encoder", "categorical_features"),
    "The rest": ("calibration", "warm_start", "random_state", "dtype", "verbose"),
}  # fmt: skip

FIRST = """
Five parameters matter most. ``n_estimators`` is the number of networks: 1 is several times faster than the default
ensemble, more than the default are slower and slightly better. ``encoder`` turns a table into numbers; without one,
the defaults are those of scikit-learn's MLP. ``hidden_layer_sizes`` is the size of the network, ``max_iter`` the
largest number of epochs, and ``learning_rate_init`` the size of the steps.
"""

# ------------------------------------------------------------------------------------------------------ parameters

PARAMETERS = """
hidden_layer_sizes : int, sequence of int or "auto", default="auto"
    Number of units in each hidden layer; an int is one hidden layer, ``()`` is the linear model. Here and in all other
    parameters, "auto" stands for a value given in the Notes.

activation : str, activation object, list of these or "auto", default="auto"
    Activation function of the hidden layers, one for all layers or a list with one for each: $activations, or an
    object that follows the contract of `skann.engine.activations`.

parametric_activation : bool or "auto", default="auto"
    Whether each hidden unit learns a number p that mixes its activation function f with its input z: the unit returns
    z + p (f(z) - z). At the start, p is 1.

initializer : {$initializers, "auto"}, default="auto"
    Random distribution of the initial weights and biases. The biases of the output layer start at the best constant
    prediction, whatever the initializer.

    $initializers_in_words.

numeric_embedding : {$embeddings, "auto"} or None, default="auto"
    Features that the network learns from each numeric column and takes in its place. Needs a dense X.

    $embeddings_in_words;
    - None: the column as it is.

feature_scaling : bool or "auto", default="auto"
    Whether the network learns a factor for each of its inputs. Needs a dense X.

monotonic_cst : dict, array-like of int or None, default=None
    Direction in which the prediction must move with each numeric column: 1, it never falls, -1, it never rises, 0, any.
    A dict from names of columns, or an array with an entry for each column of X as it came. It is a guarantee: of two
    rows that differ in a constrained column only, the prediction moves in this direction, up to rounding. The
    prediction is the value of each target and quantile, or the probability of the second of two classes, of one
    network as of an ensemble. A missing value has no place in the order: it may change the prediction in any way.
    Needs a dense X, a loss with a name, and ``encoder="auto"``, a `TabularEncoder` or None. The activation must be
    monotone; "auto" has "elu" for units that see a constrained column, and there is no ``parametric_activation`` of
    these.

interaction_cst : {"pairwise", "no_interactions"}, list of groups or None, default=None
    Which columns may interact. The raw output, before softmax or exp, is then the sum of a function of each group of
    columns, and of an ensemble the raw outputs are averaged, not the predictions; each is a network of its own, all are
    trained together, with hidden_layer_sizes shared out among them, at least 8 units for each.

    - "no_interactions": each column by itself, a generalised additive model; see `skann.inspection.effects`;
    - "pairwise": each pair of up to 25 columns;
    - a list of groups, sets or lists of indices or names of columns. They may overlap; the other columns form one more
      group;
    - None: all columns.

    Needs a dense X, ``encoder="auto"``, a `TabularEncoder` or None, and no ``portfolio``. With ``monotonic_cst`` all
    units have the monotone activation.

solver : {$solvers}, default="adam"
    Algorithm that minimises the objective: "lbfgs" uses all rows in each iteration, and is good on small data; all
    others make a step after each batch. "rmsprop" averages the squared gradients with ``beta_2`` and has no momentum.

alpha : float, default=0.0001
    Strength of the L2 penalty: alpha / (2 n) ||W||^2 is added to the mean loss, where n is the total weight of the
    training rows and W are the weights of all layers, without the biases. It means the same for every solver and batch
    size.

weight_decay : float or "auto", default="auto"
    Strength of the decoupled weight decay: each step multiplies the weights by 1 - learning rate x weight_decay, which
    with ``solver="adam"`` is AdamW. Not used by "lbfgs".

dropout : float, list of float or "auto", default="auto"
    Probability with which a hidden unit is dropped in a step of the training, one for all hidden layers or a list with
    one for each. Not used by "lbfgs".

batch_size : int or "auto", default="auto"
    Number of rows in a batch. Not used by "lbfgs", which takes all rows at once.

shuffle : bool, default=True
    Whether the rows are shuffled before each epoch.

learning_rate : str, schedule object or "auto", default="auto"
    Schedule of the learning rate, which starts from ``learning_rate_init``. Not used by "lbfgs".

    $schedules_in_words;
    - an object or function that returns the learning rate when it is called with the number of steps taken, as in
      `skann.engine.schedules`; ``learning_rate_init`` is then not used. An object with an attribute ``n_steps`` plans
      for an end: no warning then says that ``max_iter`` was reached.

learning_rate_init : float or "auto", default="auto"
    Learning rate at the start; for "one_cycle" and "coslog4" the highest learning rate. In the recipe (see Notes),
    groups of parameters have rates of their own: factors on this one, whether it is a number or "auto". In a plain
    network it is the rate of all parameters.

power_t : float, default=0.5
    Exponent of ``learning_rate="invscaling"``.

momentum : float, default=0.9
    Momentum of ``solver="sgd"``.

nesterovs_momentum : bool, default=True
    Whether the momentum of ``solver="sgd"`` is Nesterov's.

beta_1 : float, default=0.9
    Decay rate of the average of the gradients in "adam" and "nadam".

beta_2 : float or "auto", default="auto"
    Decay rate of the average of the squared gradients in "adam", "nadam" and "rmsprop".

epsilon : float, default=1e-8
    Small number added to the denominators in "adam", "nadam" and "rmsprop", so that they are never 0.

max_grad_norm : float or None, default=None
    Largest Euclidean norm of the gradient: a longer one is shortened to it. None is no limit. Not used by "lbfgs".

weight_averaging : float, "auto" or None, default="auto"
    Decay rate, per step, of an exponential moving average of the weights, such as 0.99. The network is validated and
    kept with the averaged weights. None is no averaging. Not used by "lbfgs".

max_iter : int or "auto", default="auto"
    Largest number of epochs; for "lbfgs", of iterations.

max_fun : int, default=15000
    Largest number of evaluations of the objective by "lbfgs".

max_time : float or None, default=None
    Number of seconds for the whole of the training, from the end of the encoding on: of all networks, and of what is
    learnt from their held-out rows. It ends within the time that one batch takes, in the middle of an epoch if need be,
    and within an iteration of "lbfgs". The networks share the time evenly, but each is trained for an epoch at least;
    those for which there is no time are left out, with a warning. One network takes at least one step. None is no
    limit.

tol : float, default=1e-4
    Smallest improvement of the watched score or loss that counts; in regression, the improvement of a loss is relative
    to the loss of the best constant prediction. For "lbfgs", the training also ends when no element of the gradient is
    larger, or when an iteration lowers the loss by less than 2.2e-9 of it; in float64, that bound is lowered with a
    ``tol`` below 1e-4, down to 2.2e-12.

n_iter_no_change : int, inf or "auto", default="auto"
    Number of epochs in a row without an improvement of more than ``tol`` after which the training ends. Small steady
    improvements add up. Infinity is no limit.

early_stopping : bool or "auto", default="auto"
    Whether some rows are held out and watched: the training ends when the score of these rows (see ``scoring``), in
    place of the training loss, no longer improves, and the network gets the weights of the best epoch, with every
    solver. A single network holds out ``validation_fraction`` of the rows; the networks of an ensemble hold out folds
    (see ``n_estimators``), two to four of them 16 384 rows each at most. Classes, and in regression values, have the
    same distribution there as in all rows. If that would be fewer than 10 rows, or fewer than one per class, and by the
    recipe (see Notes) up to 60 rows, nothing is held out and the training loss is watched; with
    ``early_stopping=True``, a warning says so. `partial_fit` never holds out rows. If `fit` is given ``X_val``, those
    rows are watched, nothing is held out, and "auto" means True. With ``cv``, that says which rows are held out,
    however few, and "auto" means True.

validation_fraction : float or "auto", default="auto"
    Share of the rows that a single network holds out for early stopping. Not used with ``cv``.

cv : int, splitter, iterable or None, default=None
    Which rows the networks hold out for early stopping. Network i holds out split i; if there are more networks than
    splits, they begin again with the first one. A single network has the first split.

    - None: rows that are drawn at random, see ``early_stopping`` and ``n_estimators``;
    - an int: the splits of scikit-learn's `StratifiedKFold` for classes and of `KFold` for all else, with so many
      folds, not shuffled;
    - a splitter, such as `GroupKFold`, which gets the ``groups`` of `fit`, or `TimeSeriesSplit`;
    - an iterable of pairs (rows to train on, rows to hold out), arrays of row numbers. A generator is used up by one
      `fit` and can't be cloned; a list is neither.

    No network is trained on rows that it holds out, or that its split leaves out. But all rows of a weight above zero,
    these too and with `TimeSeriesSplit` those of the future, have a part in what the networks of an ensemble share, the
    encoder and the scale of the targets, and in the constant prediction at which each network starts. Give the
    splitter to `cross_validate` as well where a score must not know of such rows.

    Rows of weight zero are split like the others and then left out. Not with ``early_stopping=False`` and not with
    ``X_val``; `partial_fit` never holds out rows.

scoring : str, callable or None, default="loss"
    Score of the watched rows (see ``early_stopping``), greater is better. The network gets the weights of the epoch
    with the best score. "loss", "accuracy", "r2" and None cost next to nothing; others predict anew in each epoch.

    - "loss": minus the loss; of a classifier with ``calibration="temperature"``, minus the loss at the best
      temperature of the epoch;
    - None: the accuracy of a classifier, R2 of a regressor;
    - the name of a scikit-learn scorer, a scorer object, or a function ``scorer(estimator, X, y)``. It gets a copy of
      the estimator, which it may keep, with the weights of that epoch, not calibrated; and the watched rows as they
      were given to `fit`. If it takes ``sample_weight``, it also gets their weights, multiplied by ``class_weight``
      unless the rows are ``X_val``.

n_estimators : int or "auto", default="auto"
    Number of networks, whose probabilities or values are averaged. With early stopping, each network of an ensemble
    holds out one fold of a cross-validation, so that its best epoch is chosen by rows that it has not learnt from, and
    that the networks together learn from every row. Fewer than 5 networks hold out a fifth of the rows each, 5 to 10
    one fold each of as many, more than 10 a tenth each, going through the rows again with new folds; below 100 rows the
    folds are fewer, so that each has ten rows. With ``cv``, "auto" is the number of its splits. The fitted attributes
    that describe one network are then found in `estimators_`.

portfolio : bool or list of dict, default=False
    Whether candidates compete for the places in the ensemble, which takes longer and is more accurate: "when you can
    wait". True stands for the candidates named in the Notes, as far as they change parameters that are "auto"; a list
    has a dict for each candidate, of the parameters that it changes. All are trained on the first two folds. The two
    with the best score there are trained on the others, too, and the weights of these two in the mean of the
    predictions are those with the least loss on the held-out rows. ``n_estimators`` is the number of networks of each.
    `portfolio_` says how they did. Where no rows are held out, the first candidate is trained alone, with a warning.

n_jobs : int or None, default=None
    Number of networks of an ensemble that are trained at the same time, as joblib counts: None means 1, and -1 all
    processors. The model is the same, to the bit. One trains in this process; when seconds of work are left, the others
    do in processes that end with the fit: they share the encoded X, need no main guard and are sent objects of your
    own, such as losses, by cloudpickle. ``verbose`` and callbacks speak in this process. Callbacks that are given the
    model of an epoch, `Checkpoint` and `EarlyStopping` among them, need the weights here: then all train in threads,
    which gain less. What can't be pickled is trained one network after the other, as inside of another job, that of a
    search say. ``joblib.parallel_config`` may choose threads or a backend of a cluster. Ctrl-C keeps the networks that
    have begun, a second one ends the fit at once. Predictions for many rows use as many threads, and are the same but
    for rounding.

encoder : transformer, "auto" or None, default="auto"
    Transformer that turns X into numbers before the network. It is fitted on the training rows without the held-out
    ones, in an ensemble on all rows, and never on ``X_val``.

    - "auto": a `TabularEncoder`, for tables with numbers, categories, strings and missing values, scaled or not;
    - None: no transformer; X must hold finite numbers;
    - a scikit-learn transformer: a clone of it is fitted in each `fit`.

    The first call of `partial_fit` fixes the columns that the network gets: it should have the dtypes and many of the
    levels that are to come. What a `TabularEncoder` learns from later calls is told at its own ``partial_fit``. A
    transformer that is fitted already stays as it is in `partial_fit`; any other is fitted to the first call.

categorical_features : array-like, "from_dtype" or None, default="from_dtype"
    Columns that ``encoder="auto"`` treats as categories: a boolean mask, or column numbers or names. "from_dtype" means
    the columns of category, string and object dtype, None means no column.

warm_start : bool, default=False
    Whether `fit` continues where the last call ended, from the same weights, state of the solver, point of the schedule
    and state of the random numbers. A fit without it keeps no state of the solver if its schedule plans an end, as that
    of "auto" does: a `partial_fit` or warm start after it has the weights and a new solver.

random_state : int, RandomState instance or None, default=None
    Seed of the initial weights, the order of the rows, the choice of the held-out rows and dropout. An int makes `fit`
    reproducible to the bit, whatever ``n_jobs``. A single large network (8 million multiplications in a matrix product
    of a batch) also needs the same number of BLAS threads for that.

dtype : {"auto", "float32", "float64"}, default="auto"
    Floating-point type of the training. "auto" is float64 for "lbfgs", for up to 500 rows outside the recipe (see
    Notes) and for values too large for float32; otherwise it is float32, which is about twice as fast. Predictions are
    computed in it and have the type of their input.

verbose : bool or int, default=False
    How much is printed on stdout, by this process whatever ``n_jobs``. 1 or True is a table of about 30 lines at most,
    however long the fit is: the number of the network, epoch, training loss, the score that is watched, the best epoch
    so far (marked where it is this one), learning rate, seconds, and about how many are left if no network ends early.
    The last line says how many networks and epochs there were, their best scores and `oof_score_`. 2 is a line for
    each epoch. In `partial_fit`, 1 is a line for the epochs 1 to 10, 20 to 100, 200 to 1000 and so on of all calls.
"""

OWN_PARAMETERS = {
    "ANNClassifier": """
loss : "log_loss" or loss object, default="log_loss"
    Loss that the training minimises: "log_loss" is the cross-entropy; an object follows the contract of
    `skann.engine.losses`.

label_smoothing : float, default=0.0
    Share of each target that is spread evenly over all classes. It can lower the error, but makes the probabilities
    worse.

class_weight : dict, list of dict, "balanced" or None, default=None
    Weight of each class, multiplied into ``sample_weight``. "balanced" makes it inversely proportional to the total
    weight of the rows of the class. Held-out rows have these weights, too, the rows of ``X_val`` have not. For
    multilabel targets it is "balanced" or a list of one dict per label, whose weights are multiplied.

calibration : "temperature", "auto" or None, default="auto"
    Method that calibrates the probabilities after the training. "temperature" divides the raw outputs by the number
    `temperature_` for which the labels of the held-out rows, or of ``X_val``, are most probable. Without such rows, and
    after `partial_fit`, that number is 1. Up to 60 rows, where none are held out, "auto" shrinks the raw outputs by a
    rule (see Notes).
""",
    "ANNRegressor": """
loss : str or loss object, default="squared_error"
    Loss that the training minimises, summed over the outputs and averaged over the rows.

    $losses_in_words;
    - an object that follows the contract of `skann.engine.losses`.

huber_delta : float, default=1.35
    Size of the residual at which the Huber loss turns from quadratic to linear, in standard deviations of y; with
    `partial_fit`, of the y of the first call.

quantile : float or list of float, default=0.5
    Level of the quantile that ``loss="quantile"`` predicts, strictly between 0 and 1. A list, for a single target,
    gives one column of predictions for each level, in the order of the list; these columns never cross.

power : float, default=1.5
    Power of the mean to which ``loss="tweedie"`` takes the variance of y to be proportional, strictly between 1, where
    it is the Poisson loss, and 2, where it is the gamma loss.

target_scaling : bool or "auto", default="auto"
    Whether the network is trained on (y - mean) / standard deviation. Predictions are in the units of y all the same;
    losses in `history_` are those of the scaled targets. Not for "poisson", "gamma" and "tweedie", whose
    logarithms have no units.
""",
}

INITIALIZERS_IN_WORDS = {
    "glorot": "uniform around 0, of variance 2 / (n_in + n_out)",
    "he": "uniform around 0, of variance 2 / n_in",
    "lecun": "uniform around 0, of variance 1 / n_in",
    "data": "such that each pre-activation has variance 1 and is 0 somewhere inside the data, judged by up to 1000"
    " training rows",
}

EMBEDDINGS_IN_WORDS = {
    "periodic": "the column itself and sums of its cosines, with learnt frequencies and weights",
    "piecewise_linear": "functions of the column that are linear between its quantiles",
}

SCHEDULES_IN_WORDS = {
    "constant": "the same rate in all steps",
    "invscaling": "divided by (1 + rows seen before the epoch) ** power_t",
    "adaptive": "divided by 5 whenever ``n_iter_no_change`` epochs bring no improvement, down to 1e-6",
    "linear": "down to 0 at ``max_iter`` along a line",
    "cosine": "down to 0 at ``max_iter`` along a cosine",
    "one_cycle": "up during 30 % of ``max_iter``, then down",
    "coslog4": "four cosine cycles, each twice as long as the one before",
    "flat_cosine": "constant during half of ``max_iter``, then down to 0 along a cosine",
}

LOSSES_IN_WORDS = {
    "squared_error": "half the squared residual, that is half of equation (3); predicts the mean",
    "absolute_error": "the absolute residual; predicts the median",
    "huber": "quadratic up to ``huber_delta``, then linear; for targets with outliers",
    "quantile": "the pinball loss; predicts the ``quantile``",
    "poisson": "half the Poisson deviance, with exp as output; for counts, y >= 0",
    "gamma": "half the gamma deviance, with exp as output; for y > 0",
    "tweedie": "half the Tweedie deviance of ``power``, with exp as output; for y >= 0 with many zeros, such as claims",
}
