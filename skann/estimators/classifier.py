"""ANNClassifier: raw outputs become probabilities and labels."""

import math
import warnings
from typing import Literal, Self

import numpy as np
from scipy import sparse
from scipy.special import logsumexp
from sklearn.base import ClassifierMixin

from .._compat import HasMethods, StrOptions
from .._typing import (
    ActivationName,
    ActivationObject,
    Array,
    ArrayLike,
    Auto,
    Categorical,
    ClassWeight,
    Embedding,
    Floats,
    Initializer,
    LossObject,
    MatrixLike,
    PerLayer,
    RandomState,
    Schedule,
    Scoring,
    Solver,
    TargetLike,
    Transformer,
    available_if,
)
from ..engine.calibration import fit_temperature
from ..engine.losses import BinaryCrossEntropy, CrossEntropy
from ..targets.labels import Labels
from .base import BaseANN, has_partial_fit
from .docstrings import documented
from .parameters import CONSTRAINTS, FRACTION


@documented
class ANNClassifier(ClassifierMixin, Labels, BaseANN):  # type: ignore[misc]  # _encode_target has options of its own
    """Feed-forward neural network classifier.

    Two or more classes have one output each, softmax and cross-entropy (equation 4); multilabel targets have one
    output per label, the logistic function and binary cross-entropy.

    Parameters
    ----------
    {hidden_layer_sizes}
    {activation}
    {parametric_activation}
    loss : "log_loss" or loss object, default="log_loss"
        What the training minimises; an object follows the contract of `skann.engine.losses`.

    {solver}
    {initializer}
    {alpha}
    {weight_decay}
    {dropout}
    label_smoothing : float, default=0.0
        Share of each target spread evenly over all classes. It can lower the error, and spoils probabilities.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class, multiplied into ``sample_weight``. "balanced": inversely proportional to the weight of the
        class in the data. Held-out rows have these weights, too, ``X_val`` of `fit` has not. For multilabel targets
        "balanced" or a list of one dict per label, whose weights are multiplied.

    {batch_size}
    {learning_rate}
    {learning_rate_init}
    {power_t}
    {momentum}
    {nesterovs_momentum}
    {beta_1}
    {beta_2}
    {epsilon}
    {max_fun}
    {max_grad_norm}
    {weight_averaging}
    {max_iter}
    {max_time}
    {tol}
    {n_iter_no_change}
    {early_stopping}
    {validation_fraction}
    {scoring}
    {warm_start}
    {shuffle}
    {random_state}
    {n_estimators}
    {n_jobs}
    {encoder}
    {categorical_features}
    {numeric_embedding}
    {feature_scaling}
    calibration : "temperature", "auto" or None, default="auto"
        "temperature" divides the raw outputs by the number, `temperature_`, that makes the held-out rows most probable,
        or ``X_val``; without such rows it is 1. `partial_fit` sets it back to 1.

    {dtype}
    {verbose}
    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels; for multilabel targets the column numbers.

    {n_features_in_}
    {feature_names_in_}
    {coefs_}
    {intercepts_}
    {encoder_}
    {network_}
    {estimators_}
    {oof_prediction_}
    {n_layers_}
    {n_outputs_}
    {out_activation_}
    temperature_ : float
        What the raw outputs are divided by: see ``calibration``.

    {n_iter_}
    {t_}
    {history_}
    {loss_curve_}
    {loss_}
    {best_loss_}
    {validation_scores_}
    {best_validation_score_}
    See Also
    --------
    ANNRegressor : The same for regression.

    {notes}
    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from skann import ANNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> classifier = ANNClassifier(n_estimators=1, random_state=0).fit(X_train, y_train)
    >>> classifier.score(X_test, y_test) > 0.9
    True
    """

    classes_: Array
    temperature_: float

    _parameter_constraints = CONSTRAINTS | {
        "loss": [StrOptions({"log_loss"}), HasMethods(["value_and_delta", "predict", "constant"])],
        "label_smoothing": [FRACTION],
        "calibration": [StrOptions({"auto", "temperature"}), None],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: PerLayer[int] | Auto = "auto",
        activation: PerLayer[ActivationName | ActivationObject] | Auto = "auto",
        *,
        parametric_activation: bool | Auto = "auto",
        loss: Literal["log_loss"] | LossObject = "log_loss",
        solver: Solver = "adam",
        initializer: Initializer = "auto",
        alpha: float = 0.0001,
        weight_decay: float | Auto = "auto",
        dropout: PerLayer[float] | Auto = "auto",
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        batch_size: int | Auto = "auto",
        learning_rate: Schedule | Auto = "auto",
        learning_rate_init: float | Auto = "auto",
        power_t: float = 0.5,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float | Auto = "auto",
        epsilon: float = 1e-8,
        max_fun: int = 15000,
        max_grad_norm: float | None = None,
        weight_averaging: float | Auto | None = "auto",
        max_iter: int | Auto = "auto",
        max_time: float | None = None,
        tol: float = 1e-4,
        n_iter_no_change: float | Auto = "auto",
        early_stopping: bool | Auto = "auto",
        validation_fraction: float | Auto = "auto",
        scoring: Scoring = "loss",
        warm_start: bool = False,
        shuffle: bool = True,
        random_state: RandomState = None,
        n_estimators: int | Auto = "auto",
        n_jobs: int | None = None,
        encoder: Transformer | Auto | None = "auto",
        categorical_features: Categorical = "from_dtype",
        numeric_embedding: Embedding | Auto | None = "auto",
        feature_scaling: bool | Auto = "auto",
        calibration: Literal["temperature"] | Auto | None = "auto",
        dtype: Literal["float32", "float64"] | Auto = "auto",
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.parametric_activation = parametric_activation
        self.loss = loss
        self.solver = solver
        self.initializer = initializer
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.max_fun = max_fun
        self.max_grad_norm = max_grad_norm
        self.weight_averaging = weight_averaging
        self.max_iter = max_iter
        self.max_time = max_time
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.warm_start = warm_start
        self.shuffle = shuffle
        self.random_state = random_state
        self.n_estimators = n_estimators
        self.n_jobs = n_jobs
        self.encoder = encoder
        self.categorical_features = categorical_features
        self.numeric_embedding = numeric_embedding
        self.feature_scaling = feature_scaling
        self.calibration = calibration
        self.dtype = dtype
        self.verbose = verbose

    @available_if(has_partial_fit)
    def partial_fit(
        self, X: MatrixLike, y: TargetLike, *, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            One row or more.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur. Needed in the first call, unless the targets are multilabel.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : ANNClassifier

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described; the classifier is then as it was before.
        """
        return self._partial_fit(X, y, sample_weight, classes=classes, classes_needed=True)

    def predict(self, X: MatrixLike) -> Array:
        """Predict labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class of each row; for multilabel targets 1 where the probability is above 1/2, sparse
            if `fit` was given a sparse y.
        """
        labels = self._predict(X, self._most_probable)
        if not self._multilabel:
            return self.classes_[labels]
        return sparse.csr_matrix(labels) if self._sparse_target else labels

    def predict_proba(self, X: MatrixLike) -> Floats:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Columns in the order of `classes_`. Rows add up to 1, but for multilabel targets, where each column is a
            label's own probability.
        """
        return self._predict(X)

    def predict_log_proba(self, X: MatrixLike) -> Floats:
        """Predict logarithms of probabilities, finite also where the probability itself rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Columns as in `predict_proba`.
        """
        return self._predict(X, self._log_of_mean)

    def decision_function(self, X: MatrixLike) -> Floats:
        """Raw outputs, before softmax or the logistic function.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            With two classes the log-odds of the second one; otherwise the raw outputs.
        """
        return self._predict(X, self._decision)

    def _calibrate(self, settings, raw, tables):
        self.temperature_ = 1.0
        if settings.calibration is None:
            return
        if raw is None:
            if self.calibration == "temperature":
                message = "calibration='temperature' needs held-out rows, as early_stopping=True has them, or X_val."
                warnings.warn(message, stacklevel=5)
            return
        targets, weights = zip(*(table.watched.rows.targets() for table in tables[: len(raw)]), strict=True)
        weight = None if weights[0] is None else np.concatenate(weights)
        self.temperature_ = fit_temperature(self._loss, np.concatenate(raw), np.concatenate(targets), weight)

    def _calibrated(self, raw):
        return raw if self.temperature_ == 1 else [each / self.temperature_ for each in raw]

    def _combine(self, raw):
        raw = self._calibrated(raw)
        proba = self._loss.predict(raw[0])
        for each in raw[1:]:
            proba += self._loss.predict(each)
        proba /= len(raw)
        return proba

    def _most_probable(self, raw):
        """Class indices (n_rows,), or 0 and 1 for each label (n_rows, n_labels)."""
        proba = self._combine(raw)
        return (proba > 0.5).astype(np.int64) if self._multilabel else proba.argmax(axis=1)

    def _log_of_mean(self, raw):
        """Logarithms of what `_combine` gives, without its rounding of small probabilities."""
        if not hasattr(self._loss, "log_predict"):
            return np.log(self._combine(raw))
        log_proba = [self._loss.log_predict(each) for each in self._calibrated(raw)]
        return log_proba[0] if len(raw) == 1 else logsumexp(log_proba, axis=0) - math.log(len(raw))

    def _decision(self, raw):
        """What `decision_function` returns."""
        raw = self._calibrated(raw)[0] if len(raw) == 1 else self._raw_of_mean(raw)
        return raw[:, 1] - raw[:, 0] if len(self.classes_) == 2 and not self._multilabel else raw

    def _raw_of_mean(self, raw):
        """Raw outputs for which the loss predicts the mean of what it predicts for several."""
        proba = self._combine(raw)
        return np.log(proba) - np.log1p(-proba) if self._multilabel else np.log(proba)

    def _make_loss(self, y, weight, first):
        if not isinstance(self.loss, str):
            return self.loss
        if self._multilabel:
            return BinaryCrossEntropy(self.label_smoothing)
        return CrossEntropy(len(self.classes_), self.label_smoothing)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
