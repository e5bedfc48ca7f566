"""ANNRegressor: targets become float columns, raw outputs become values."""

from __future__ import annotations

from numbers import Real
from typing import Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import mean_pinball_loss
from sklearn.utils.validation import check_is_fitted

from .._compat import HasMethods, Interval, NamesIn, StrOptions, above
from .._parts import fact, without
from .._typing import (
    CV,
    Activation,
    ArrayLike,
    Auto,
    Categorical,
    DType,
    Embedding,
    Floats,
    Initializer,
    InteractionCst,
    MatrixLike,
    MonotonicCst,
    PerLayer,
    RandomState,
    RegressionLoss,
    Schedule,
    Scoring,
    Solver,
    TargetLike,
    Transformer,
    available_if,
)
from ..engine.losses import LOSSES
from ..fitting.block_arguments import parts_of_a_call
from ..fitting.conformity import several_levels
from ..targets.values import Values, read_values
from .base import BaseANN, has_partial_fit, unchanged_on_failure
from .parameters import CONSTRAINTS


class ANNRegressor(MultiOutputMixin, RegressorMixin, BaseANN):
    """Feed-forward neural network regressor.

    Each target has one output. The loss is the squared error (equation 3) unless ``loss`` names another.

    Five parameters matter most. ``n_estimators`` is the number of networks: 1 is several times faster than the default
    ensemble, more than the default are slower and slightly better. ``encoder`` turns a table into numbers; without one,
    the defaults are those of scikit-learn's MLP. ``hidden_layer_sizes`` is the size of the network, ``max_iter`` the
    largest number of epochs, and ``learning_rate_init`` the size of the steps.

    The parameters are, in groups:

    - the network: hidden_layer_sizes, activation, parametric_activation, initializer, numeric_embedding,
      feature_scaling, monotonic_cst, interaction_cst;
    - how it trains: loss, huber_delta, quantile, power, target_scaling, solver, alpha, weight_decay, dropout,
      batch_size, shuffle, learning_rate, learning_rate_init, power_t, momentum, nesterovs_momentum, beta_1, beta_2,
      epsilon, max_grad_norm, weight_averaging;
    - when it stops: max_iter, max_fun, max_time, tol, n_iter_no_change, early_stopping, validation_fraction, cv,
      scoring;
    - the ensemble: n_estimators, portfolio, n_jobs;
    - the table: encoder, categorical_features;
    - the rest: warm_start, random_state, dtype, verbose.

    Parameters
    ----------
    hidden_layer_sizes : int, sequence of int or "auto", default="auto"
        Number of units in each hidden layer; an int is one hidden layer, ``()`` is the linear model. Here and in all
        other parameters, "auto" stands for a value given in the Notes.

    activation : str, activation object, list of these or "auto", default="auto"
        Activation function of the hidden layers, one for all layers or a list with one for each: "identity",
        "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", or an object that
        follows the contract of `skann.engine.activations`.

    parametric_activation : bool or "auto", default="auto"
        Whether each hidden unit learns a number p that mixes its activation function f with its input z: the unit
        returns z + p (f(z) - z). At the start, p is 1.

    initializer : {"glorot", "he", "lecun", "data", "auto"}, default="auto"
        Random distribution of the initial weights and biases. The biases of the output layer start at the best constant
        prediction, whatever the initializer.

        - "glorot": uniform around 0, of variance 2 / (n_in + n_out);
        - "he": uniform around 0, of variance 2 / n_in;
        - "lecun": uniform around 0, of variance 1 / n_in;
        - "data": such that each pre-activation has variance 1 and is 0 somewhere inside the data, judged by up to 1000
          training rows.

    numeric_embedding : {"periodic", "piecewise_linear", "auto"} or None, default="auto"
        Features that the network learns from each numeric column and takes in its place. Needs a dense X.

        - "periodic": the column itself and sums of its cosines, with learnt frequencies and weights;
        - "piecewise_linear": functions of the column that are linear between its quantiles;
        - None: the column as it is.

    feature_scaling : bool or "auto", default="auto"
        Whether the network learns a factor for each of its inputs. Needs a dense X.

    monotonic_cst : dict, array-like of int or None, default=None
        Direction in which the prediction must move with each numeric column: 1, it never falls, -1, it never rises, 0,
        any. A dict from names of columns, or an array with an entry for each column of X as it came. It is a guarantee:
        of two rows that differ in a constrained column only, the prediction moves in this direction, up to rounding.
        The prediction is the value of each target and quantile, or the probability of the second of two classes, of one
        network as of an ensemble. A missing value has no place in the order: it may change the prediction in any way.
        Needs a dense X, a loss with a name, and ``encoder="auto"``, a `TabularEncoder` or None. The activation must be
        monotone; "auto" has "elu" for units that see a constrained column, and there is no ``parametric_activation`` of
        these.

    interaction_cst : {"pairwise", "no_interactions"}, list of groups or None, default=None
        Which columns may interact. The raw output, before softmax or exp, is then the sum of a function of each group
        of columns, and of an ensemble the raw outputs are averaged, not the predictions; each is a network of its own,
        all are trained together, with hidden_layer_sizes shared out among them, at least 8 units for each.

        - "no_interactions": each column by itself, a generalised additive model; see `skann.inspection.effects`;
        - "pairwise": each pair of up to 25 columns;
        - a list of groups, sets or lists of indices or names of columns. They may overlap; the other columns form one
          more group;
        - None: all columns.

        Needs a dense X, ``encoder="auto"``, a `TabularEncoder` or None, and no ``portfolio``. With ``monotonic_cst``
        all units have the monotone activation.

    loss : str or loss object, default="squared_error"
        Loss that the training minimises, summed over the outputs and averaged over the rows.

        - "squared_error": half the squared residual, that is half of equation (3); predicts the mean;
        - "absolute_error": the absolute residual; predicts the median;
        - "huber": quadratic up to ``huber_delta``, then linear; for targets with outliers;
        - "quantile": the pinball loss; predicts the ``quantile``;
        - "poisson": half the Poisson deviance, with exp as output; for counts, y >= 0;
        - "gamma": half the gamma deviance, with exp as output; for y > 0;
        - "tweedie": half the Tweedie deviance of ``power``, with exp as output; for y >= 0 with many zeros, such as
          claims;
        - an object that follows the contract of `skann.engine.losses`.

    huber_delta : float, default=1.35
        Size of the residual at which the Huber loss turns from quadratic to linear, in standard deviations of y; with
        `partial_fit`, of the y of the first call.

    quantile : float or list of float, default=0.5
        Level of the quantile that ``loss="quantile"`` predicts, strictly between 0 and 1. A list, for a single target,
        gives one column of predictions for each level, in the order of the list; these columns never cross.

    power : float, default=1.5
        Power of the mean to which ``loss="tweedie"`` takes the variance of y to be proportional, strictly between 1,
        where it is the Poisson loss, and 2, where it is the gamma loss.

    target_scaling : bool or "auto", default="auto"
        Whether the network is trained on (y - mean) / standard deviation. Predictions are in the units of y all the
        same; losses in `history_` are those of the scaled targets. Not for "poisson", "gamma" and "tweedie", whose
        logarithms have no units.

    solver : {"adam", "nadam", "rmsprop", "sgd", "lbfgs"}, default="adam"
        Algorithm that minimises the objective: "lbfgs" uses all rows in each iteration, and is good on small data; all
        others make a step after each batch. "rmsprop" averages the squared gradients with ``beta_2`` and has no
        momentum.

    alpha : float, default=0.0001
        Strength of the L2 penalty: alpha / (2 n) ||W||^2 is added to the mean loss, where n is the total weight of the
        training rows and W are the weights of all layers, without the biases. It means the same for every solver and
        batch size.

    weight_decay : float or "auto", default="auto"
        Strength of the decoupled weight decay: each step multiplies the weights by 1 - learning rate x weight_decay,
        which with ``solver="adam"`` is AdamW. Not used by "lbfgs".

    dropout : float, list of float or "auto", default="auto"
        Probability with which a hidden unit is dropped in a step of the training, one for all hidden layers or a list
        with one for each. Not used by "lbfgs".

    batch_size : int or "auto", default="auto"
        Number of rows in a batch. Not used by "lbfgs", which takes all rows at once.

    shuffle : bool, default=True
        Whether the rows are shuffled before each epoch.

    learning_rate : str, schedule object or "auto", default="auto"
        Schedule of the learning rate, which starts from ``learning_rate_init``. Not used by "lbfgs".

        - "constant": the same rate in all steps;
        - "invscaling": divided by (1 + rows seen before the epoch) ** power_t;
        - "adaptive": divided by 5 whenever ``n_iter_no_change`` epochs bring no improvement, down to 1e-6;
        - "linear": down to 0 at ``max_iter`` along a line;
        - "cosine": down to 0 at ``max_iter`` along a cosine;
        - "one_cycle": up during 30 % of ``max_iter``, then down;
        - "coslog4": four cosine cycles, each twice as long as the one before;
        - "flat_cosine": constant during half of ``max_iter``, then down to 0 along a cosine;
        - an object or function that returns the learning rate when it is called with the number of steps taken, as in
          `skann.engine.schedules`; ``learning_rate_init`` is then not used. An object with an attribute ``n_steps``
          plans for an end: no warning then says that ``max_iter`` was reached.

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
        Decay rate, per step, of an exponential moving average of the weights, such as 0.99. The network is validated
        and kept with the averaged weights. None is no averaging. Not used by "lbfgs".

    max_iter : int or "auto", default="auto"
        Largest number of epochs; for "lbfgs", of iterations.

    max_fun : int, default=15000
        Largest number of evaluations of the objective by "lbfgs".

    max_time : float or None, default=None
        Number of seconds for the whole of the training, from the end of the encoding on: of all networks, and of what
        is learnt from their held-out rows. It ends within the time that one batch takes, in the middle of an epoch if
        need be, and within an iteration of "lbfgs". The networks share the time evenly, but each is trained for an
        epoch at least; those for which there is no time are left out, with a warning. One network takes at least one
        step. None is no limit.

    tol : float, default=1e-4
        Smallest improvement of the watched score or loss that counts; in regression, the improvement of a loss is
        relative to the loss of the best constant prediction. For "lbfgs", the training also ends when no element of the
        gradient is larger, or when an iteration lowers the loss by less than 2.2e-9 of it; in float64, that bound is
        lowered with a ``tol`` below 1e-4, down to 2.2e-12.

    n_iter_no_change : int, inf or "auto", default="auto"
        Number of epochs in a row without an improvement of more than ``tol`` after which the training ends. Small
        steady improvements add up. Infinity is no limit.

    early_stopping : bool or "auto", default="auto"
        Whether some rows are held out and watched: the training ends when the score of these rows (see ``scoring``), in
        place of the training loss, no longer improves, and the network gets the weights of the best epoch, with every
        solver. A single network holds out ``validation_fraction`` of the rows; the networks of an ensemble hold out
        folds (see ``n_estimators``), two to four of them 16 384 rows each at most. Classes, and in regression values,
        have the same distribution there as in all rows. If that would be fewer than 10 rows, or fewer than one per
        class, and by the recipe (see Notes) up to 60 rows, nothing is held out and the training loss is watched; with
        ``early_stopping=True``, a warning says so. `partial_fit` never holds out rows. If `fit` is given ``X_val``,
        those rows are watched, nothing is held out, and "auto" means True. With ``cv``, that says which rows are held
        out, however few, and "auto" means True.

    validation_fraction : float or "auto", default="auto"
        Share of the rows that a single network holds out for early stopping. Not used with ``cv``.

    cv : int, splitter, iterable or None, default=None
        Which rows the networks hold out for early stopping. Network i holds out split i; if there are more networks
        than splits, they begin again with the first one. A single network has the first split.

        - None: rows that are drawn at random, see ``early_stopping`` and ``n_estimators``;
        - an int: the splits of scikit-learn's `StratifiedKFold` for classes and of `KFold` for all else, with so many
          folds, not shuffled;
        - a splitter, such as `GroupKFold`, which gets the ``groups`` of `fit`, or `TimeSeriesSplit`;
        - an iterable of pairs (rows to train on, rows to hold out), arrays of row numbers. A generator is used up by
          one `fit` and can't be cloned; a list is neither.

        No network is trained on rows that it holds out, or that its split leaves out. But all rows of a weight above
        zero, these too and with `TimeSeriesSplit` those of the future, have a part in what the networks of an ensemble
        share, the encoder and the scale of the targets, and in the constant prediction at which each network starts.
        Give the splitter to `cross_validate` as well where a score must not know of such rows.

        Rows of weight zero are split like the others and then left out. Not with ``early_stopping=False`` and not with
        ``X_val``; `partial_fit` never holds out rows.

    scoring : str, callable or None, default="loss"
        Score of the watched rows (see ``early_stopping``), greater is better. The network gets the weights of the epoch
        with the best score. "loss", "accuracy", "r2" and None cost next to nothing; others predict anew in each epoch.

        - "loss": minus the loss; of a classifier with ``calibration="temperature"``, minus the loss at the best
          temperature of the epoch;
        - None: the accuracy of a classifier, R2 of a regressor;
        - the name of a scikit-learn scorer, a scorer object, or a function ``scorer(estimator, X, y)``. It gets a copy
          of the estimator, which it may keep, with the weights of that epoch, not calibrated; and the watched rows as
          they were given to `fit`. If it takes ``sample_weight``, it also gets their weights, multiplied by
          ``class_weight`` unless the rows are ``X_val``.

    n_estimators : int or "auto", default="auto"
        Number of networks, whose probabilities or values are averaged. With early stopping, each network of an ensemble
        holds out one fold of a cross-validation, so that its best epoch is chosen by rows that it has not learnt from,
        and that the networks together learn from every row. Fewer than 5 networks hold out a fifth of the rows each, 5
        to 10 one fold each of as many, more than 10 a tenth each, going through the rows again with new folds; below
        100 rows the folds are fewer, so that each has ten rows. With ``cv``, "auto" is the number of its splits. The
        fitted attributes that describe one network are then found in `estimators_`.

    portfolio : bool or list of dict, default=False
        Whether candidates compete for the places in the ensemble, which takes longer and is more accurate: "when you
        can wait". True stands for the candidates named in the Notes, as far as they change parameters that are "auto";
        a list has a dict for each candidate, of the parameters that it changes. All are trained on the first two folds.
        The two with the best score there are trained on the others, too, and the weights of these two in the mean of
        the predictions are those with the least loss on the held-out rows. ``n_estimators`` is the number of networks
        of each. `portfolio_` says how they did. Where no rows are held out, the first candidate is trained alone, with
        a warning.

    n_jobs : int or None, default=None
        Number of networks of an ensemble that are trained at the same time, as joblib counts: None means 1, and -1 all
        processors. The model is the same, to the bit. One trains in this process; when seconds of work are left, the
        others do in processes that end with the fit: they share the encoded X, need no main guard and are sent objects
        of your own, such as losses, by cloudpickle. ``verbose`` and callbacks speak in this process. Callbacks that are
        given the model of an epoch, `Checkpoint` and `EarlyStopping` among them, need the weights here: then all train
        in threads, which gain less. What can't be pickled is trained one network after the other, as inside of another
        job, that of a search say. ``joblib.parallel_config`` may choose threads or a backend of a cluster. Ctrl-C keeps
        the networks that have begun, a second one ends the fit at once. Predictions for many rows use as many threads,
        and are the same but for rounding.

    encoder : transformer, "auto" or None, default="auto"
        Transformer that turns X into numbers before the network. It is fitted on the training rows without the held-out
        ones, in an ensemble on all rows, and never on ``X_val``.

        - "auto": a `TabularEncoder`, for tables with numbers, categories, strings and missing values, scaled or not;
        - None: no transformer; X must hold finite numbers;
        - a scikit-learn transformer: a clone of it is fitted in each `fit`.

        The first call of `partial_fit` fixes the columns that the network gets: it should have the dtypes and many of
        the levels that are to come. What a `TabularEncoder` learns from later calls is told at its own ``partial_fit``.
        A transformer that is fitted already stays as it is in `partial_fit`; any other is fitted to the first call.

    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Columns that ``encoder="auto"`` treats as categories: a boolean mask, or column numbers or names. "from_dtype"
        means the columns of category, string and object dtype, None means no column.

    warm_start : bool, default=False
        Whether `fit` continues where the last call ended, from the same weights, state of the solver, point of the
        schedule and state of the random numbers. A fit without it keeps no state of the solver if its schedule plans an
        end, as that of "auto" does: a `partial_fit` or warm start after it has the weights and a new solver.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order of the rows, the choice of the held-out rows and dropout. An int makes
        `fit` reproducible to the bit, whatever ``n_jobs``. A single large network (8 million multiplications in a
        matrix product of a batch) also needs the same number of BLAS threads for that.

    dtype : {"auto", "float32", "float64"}, default="auto"
        Floating-point type of the training. "auto" is float64 for "lbfgs", for up to 500 rows outside the recipe (see
        Notes) and for values too large for float32; otherwise it is float32, which is about twice as fast. Predictions
        are computed in it and have the type of their input.

    verbose : bool or int, default=False
        How much is printed on stdout, by this process whatever ``n_jobs``. 1 or True is a table of about 30 lines at
        most, however long the fit is: the number of the network, epoch, training loss, the score that is watched, the
        best epoch so far (marked where it is this one), learning rate, seconds, and about how many are left if no
        network ends early. The last line says how many networks and epochs there were, their best scores and
        `oof_score_`. 2 is a line for each epoch. In `partial_fit`, 1 is a line for the epochs 1 to 10, 20 to 100, 200
        to 1000 and so on of all calls.

    Attributes
    ----------
    target_mean_ : ndarray of shape (n_targets,) or None
        Mean of the training targets, without `fit` of the first 1000 in calls of `partial_fit`; None without
        ``target_scaling``.

    target_scale_ : ndarray of shape (n_targets,) or None
        Standard deviation of the training targets, None without ``target_scaling``.

    n_features_in_ : int
        Number of columns of X in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X in `fit`, if all are strings.

    encoder_ : transformer or None
        The fitted encoder, None if ``encoder`` is None.

    resolved_params_ : dict of str to object
        For each parameter that was "auto" its value in the last call: one that could be given in its place. The
        learning rate is the one that has a factor for each group of parameters (see Notes); ``max_iter`` is the number
        of epochs that the first two networks of an ensemble plan, those after them plan for as many as these need.
        `partial_fit` and warm starts keep the values that made the network.

    networks_ : skann.fitting.networks.Networks
        The networks of the model, one or several, with their histories and the loss. The attributes below are read from
        it.

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
        Only with several networks: for each, an estimator with one network and with the attributes that describe it.
        The ensemble itself does not have these attributes.

    oof_prediction_ : ndarray or None
        Only with several networks: out-of-fold predictions. For each training row the mean prediction, probabilities or
        values, of the networks that held it out, NaN where none did; None if no rows were held out, or if they came as
        a table of blocks. Scores of the training rows that are computed from it are honest. It is not part of a pickle.

    oof_score_ : float or None
        Score of the training rows by networks that did not learn from them: what ``oob_score_`` is to a forest. It is
        the accuracy or R2 of `oof_prediction_`, weighted by ``sample_weight``; of one network that of the rows that it
        held out; with several quantiles minus the mean pinball loss. With any other ``scoring`` than "loss", None,
        "accuracy" and "r2" it is the mean of the networks' best scores, weighted by the rows that they held out. None
        if no rows were. Part of a pickle. Since the same rows chose the epochs, it is slightly optimistic, as
        `best_validation_score_` is.

    oof_loss_ : float or None
        Mean loss of the held-out rows, in the units of `history_`, each judged by the network that held it out; of a
        classifier at its temperature. None if no rows were held out.

    portfolio_ : list of dict
        Only with ``portfolio``: for each candidate the "params" that it changes, the mean best "score" of the held-out
        rows of the first two folds (see ``scoring``), the number "n_networks" of its networks, and its "weight" in
        predictions.

    feature_importances_ : ndarray of shape (`n_features_in_`,)
        What each column of X means to the model: its mean absolute attribution (see `skann.inspection.attributions`),
        with sum 1; all 0 for a constant model. It is computed at the end of `fit` on at most 500 rows, held out or of
        ``X_val``, or else training rows, by the networks that did not learn from them, and with a background that is
        smaller the shorter the training was. After `partial_fit` there is none.

    n_iter_ : int
        Number of epochs in the last call of `fit` or `partial_fit`.

    t_ : int
        Number of training rows seen in all epochs together.

    history_ : dict of str to list
        Lists with one number per epoch of all calls: "loss", "learning_rate" (NaN for "lbfgs") and "seconds" since the
        call began; with held-out rows or ``X_val`` also "validation_loss" and "validation_score".

    loss_curve_ : list of float
        Training loss of each epoch.

    loss_ : float
        The last number in `loss_curve_`.

    best_loss_ : float
        The smallest number in `loss_curve_`.

    validation_scores_ : list of float or None
        Score of the held-out rows, or of ``X_val``, after each epoch (see ``scoring``); None without such rows.

    best_validation_score_ : float or None
        The greatest number in `validation_scores_`: the score of the weights that were kept, unless a constant
        prediction was better than those of every epoch.

    See Also
    --------
    ANNClassifier : The same for classification.

    Notes
    -----
    "auto" stands for a value from one of two sets.

    *The plain network* is meant with ``encoder=None`` and with the solvers "sgd" and "lbfgs". It has the values of
    scikit-learn's MLP: one hidden layer of 100 ReLU units, "glorot", learning rate 0.001, "constant", ``beta_2`` 0.999,
    200 epochs, batches of min(200, n) rows, ``n_iter_no_change`` 10, and no dropout, weight decay, averaging, early
    stopping, embedding, feature scaling or ensemble.

    *The recipe* is meant with an encoder and the solvers "adam", "nadam" and "rmsprop". It was chosen on many real
    tables of 200 to 10 000 rows. With n the number of rows and r = (n / 1000)^(1/3), it has:

    - three hidden layers of parametric Mish units: 64 (n / 1000)^0.6 each in classification, from 64 to 256, and 128 r
      in regression, from 96 to 128; with ``n_estimators=1`` 128 r, from 128 to 256 in classification and 128 in
      regression;
    - "periodic" embeddings of the numeric columns, a learnt factor for each input of the first layer, and "data" as
      initializer;
    - batches of 64 r rows, from 32 to 512;
    - "coslog4" during 70 / r epochs in classification, from 10 to 64, and 128 / r in regression, from 8 to 128; it ends
      earlier if no epoch is better for 1/8 of that number and as many epochs more as it took to the best one;
    - learning rate 0.02 in classification and 0.1 in regression, times a factor for each group of parameters:
      n_in^(-1/2) for the weights of a layer with n_in inputs, 6 for feature scaling, 0.1 for biases, numeric embeddings
      and parametric activations, 1 for embeddings of categories; ``beta_2`` 0.95;
    - weight decay 0.02, times the square of the last four factors, and in classification dropout 0.15; both fade out in
      the second half of the training. Averaged weights, with decay rate 0.99;
    - 8 networks; in classification 8 (10 000 / n)^(1/3) above 10 000 rows, in regression 8 / r above 1000 rows and at
      least 5. Those after the first two plan for 1.2 times the mean number of epochs at which these were best, 8 at
      least, unless ``max_iter`` is given. A single network holds out 0.2 of the rows. The held-out rows set the
      temperature of a classifier. The targets of a regression are scaled, but not for "poisson", "gamma", "tweedie" and
      loss objects; with an encoder this is so for every solver.

    ``portfolio=True`` has three candidates in classification: the recipe, the recipe with "piecewise_linear"
    embeddings, and the recipe without embeddings of numbers. In regression it has two, the recipe and the recipe with
    frequencies of standard deviation 1 in place of 0.3.

    Above 50 000 rows, with e = n / 50 000, a fit is to take little longer than of so many. Regression has 5 e^-0.36
    networks, both tasks at least 2, and 128 / (r e^0.08) epochs. Classification has layers of 256 / sqrt(e) units, at
    least 128, with the learning rate 0.02 sqrt(e), at most 0.04, and dropout 0.15 / e, rounded to 0.05. Two to four
    networks, and a single one, hold out 16 384 rows each at most.

    Up to 60 rows with a weight above zero it is made for few: nothing is held out, a batch is all rows, the training is
    in float64 and without dropout, so that an integer weight is exactly as many copies of a row. The layers then have
    128 units, and classification has 16 networks, 20 epochs and weight decay 0.45, and the distance of the raw outputs
    to those of the best constant prediction is divided by 1 + 20 h / max(m, 10), with m the number of different rows of
    X and h the share of rows that no row of another class equals. In regression the initial weights are projected on
    the differences between rows.

    Above four columns for each row, or 240 columns where there are up to 60 rows, numbers have no embedding. Above 60
    rows the layers then have half the width, 64 at least, and the factor for feature scaling is 6 sqrt(columns / rows),
    at most 24; up to 60 rows there are 8 networks.

    Where no epoch is better than the best constant prediction, this is what the network predicts; if most networks end
    so, a warning says it.

    Sparse input has no embeddings and no feature scaling. Where a row has k values that are not zero, the learning rate
    of the first layer has the factor sqrt(min(36, n_in / k) / k) in place of n_in^(-1/2), but not in regression with up
    to 60 rows.

    `partial_fit` trains one network, unless ``n_estimators`` is a number, at a constant fifth of the learning rate,
    since it does not know when the training will end; its layers are those of a single network.

    The page about the recipe in the documentation says what each part brings.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skann import ANNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ANNRegressor(n_estimators=1, random_state=0).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    """

    _parameter_constraints = CONSTRAINTS | {
        "loss": [
            NamesIn(lambda: without(LOSSES, "is_classification")),
            HasMethods(["value_and_delta", "predict", "constant"]),
        ],
        "huber_delta": [above(0)],
        "target_scaling": [StrOptions({"auto"}), "boolean"],
        "power": [Interval(Real, 1, 2, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
    }
    _parameters = tuple(_parameter_constraints)
    _read_targets = staticmethod(read_values)

    def __init__(
        self,
        hidden_layer_sizes: PerLayer[int] | Auto = "auto",
        activation: PerLayer[Activation] | Auto = "auto",
        *,
        parametric_activation: bool | Auto = "auto",
        initializer: Initializer = "auto",
        numeric_embedding: Embedding | Auto | None = "auto",
        feature_scaling: bool | Auto = "auto",
        monotonic_cst: MonotonicCst = None,
        interaction_cst: InteractionCst = None,
        loss: RegressionLoss = "squared_error",
        huber_delta: float = 1.35,
        quantile: PerLayer[float] = 0.5,
        power: float = 1.5,
        target_scaling: bool | Auto = "auto",
        solver: Solver = "adam",
        alpha: float = 0.0001,
        weight_decay: float | Auto = "auto",
        dropout: PerLayer[float] | Auto = "auto",
        batch_size: int | Auto = "auto",
        shuffle: bool = True,
        learning_rate: Schedule | Auto = "auto",
        learning_rate_init: float | Auto = "auto",
        power_t: float = 0.5,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float | Auto = "auto",
        epsilon: float = 1e-8,
        max_grad_norm: float | None = None,
        weight_averaging: float | Auto | None = "auto",
        max_iter: int | Auto = "auto",
        max_fun: int = 15000,
        max_time: float | None = None,
        tol: float = 1e-4,
        n_iter_no_change: float | Auto = "auto",
        early_stopping: bool | Auto = "auto",
        validation_fraction: float | Auto = "auto",
        cv: CV = None,
        scoring: Scoring = "loss",
        n_estimators: int | Auto = "auto",
        portfolio: bool | list[dict] = False,
        n_jobs: int | None = None,
        encoder: Transformer | Auto | None = "auto",
        categorical_features: Categorical = "from_dtype",
        warm_start: bool = False,
        random_state: RandomState = None,
        dtype: DType = "auto",
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.parametric_activation = parametric_activation
        self.initializer = initializer
        self.numeric_embedding = numeric_embedding
        self.feature_scaling = feature_scaling
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.power = power
        self.target_scaling = target_scaling
        self.solver = solver
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.max_grad_norm = max_grad_norm
        self.weight_averaging = weight_averaging
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.max_time = max_time
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.cv = cv
        self.scoring = scoring
        self.n_estimators = n_estimators
        self.portfolio = portfolio
        self.n_jobs = n_jobs
        self.encoder = encoder
        self.categorical_features = categorical_features
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.verbose = verbose

    @available_if(has_partial_fit)
    def partial_fit(
        self, X: MatrixLike, y: TargetLike | None = None, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), or table of blocks
            One row or more. A table of blocks, from `skann.data`, is read once, in the order of its rows: each block is
            as in a call with ``block.X``, ``block.y`` and ``block.weight``, and if one fails, none has been.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets. Only a table of blocks does without.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : ANNRegressor

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described; the regressor is then as it was before.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> model = ANNRegressor((5,), encoder=None, random_state=0)
        >>> for X, y in ([[0.0], [1.0]], [1.0, 3.0]), ([[2.0]], [5.0]):
        ...     model = model.partial_fit(X, y)
        >>> model.t_
        3
        """
        with unchanged_on_failure(self):
            for *rows, errors in parts_of_a_call(X, y, sample_weight):
                with errors:
                    self._fit(*rows, first=not hasattr(self, "networks_"), partial=True)
            return self

    def predict(self, X: MatrixLike) -> Floats:
        """Predict values: means, medians or quantiles, as the loss says.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Or (n_samples, n_quantiles) with a list of quantiles.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(
        ...     X, y
        ... )  # a straight line
        >>> model.predict([[4.0], [5.0]]).round(1)
        array([ 9., 11.])
        """
        predicted = self._predict(X)
        return self._target.shaped(predicted)

    def predict_interval(self, X: MatrixLike, coverage: float = 0.9) -> Floats:
        """Predict intervals that hold the targets of new rows with a given frequency.

        They follow from the residuals of the held-out rows: by CV+ with five networks or more (Barber et al. 2021,
        https://arxiv.org/abs/1905.02928), with fewer by split-conformal prediction. With several quantiles as loss the
        outermost two are widened, or narrowed, to the coverage (Romano et al. 2019, https://arxiv.org/abs/1905.03222);
        intervals of all other losses are about as wide everywhere. The page about uncertainty in the documentation says
        what is guaranteed.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        coverage : float, default=0.9
            Share of new rows, distributed as those of `fit` with their weights, whose target is to be in its interval.
            Of several targets each is covered by itself.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper ends, not below 0 where the loss is for targets that are not.

        Raises
        ------
        ValueError
            If `fit` held out no rows: with ``early_stopping=False``, with ``X_val``, and up to 60 rows without ``cv``.

        Warns
        -----
        UserWarning
            If there are too few held-out rows for the coverage, which then makes the intervals infinite.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skann import ANNRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = ANNRegressor((10,), n_estimators=2, max_iter=10, random_state=0).fit(X[:300], y[:300])
        >>> low, high = model.predict_interval(X[300:], coverage=0.8).T
        >>> bool(0.7 < ((low <= y[300:]) & (y[300:] <= high)).mean() < 0.9)
        True
        """
        check_is_fitted(self)
        intervals = self._predict(X, self._conformal(coverage, "the intervals are infinite").intervals)
        return intervals[:, 0] if self._target.is_flat else intervals

    def score(self, X: MatrixLike, y: TargetLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """R2; with several quantiles as loss minus their mean pinball loss.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), or table of blocks
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            True values; those of a table of blocks are its own.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            At most 1, of quantiles at most 0; greater is better.

        Examples
        --------
        >>> from skann import ANNRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # on a straight line
        >>> model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(
        ...     X, y
        ... )  # a straight line
        >>> round(model.score(X, y), 3)
        1.0
        """
        y, sample_weight = self._judged_by(X, y, sample_weight)
        levels = several_levels(self.networks_.loss) if hasattr(self, "networks_") else None
        if levels is None:
            return super().score(X, y, sample_weight)
        y, predicted = read_values(y, "y", type(self).__name__), self.predict(X)
        pairs = zip(levels, predicted.T, strict=True)
        losses = [mean_pinball_loss(y, each, sample_weight=sample_weight, alpha=level) for level, each in pairs]
        return -float(np.mean(losses))

    _default_score = score

    @property
    def target_mean_(self) -> Floats | None:
        """Mean of the training targets, None without ``target_scaling``."""
        return self._of_target("target_mean_", "mean")

    @property
    def target_scale_(self) -> Floats | None:
        """Standard deviation of the training targets, None without ``target_scaling``."""
        return self._of_target("target_scale_", "spread")

    @staticmethod
    def _target_of(y):
        return Values.learn(y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = fact(LOSSES, self.loss, "positive_only")
        return tags
