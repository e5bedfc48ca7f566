"""ANNRegressor: targets become float columns, raw outputs become values."""

from numbers import Real
from typing import Literal, Self

from sklearn.base import MultiOutputMixin, RegressorMixin

from .._compat import HasMethods, Interval, StrOptions, above
from .._typing import (
    ActivationName,
    ActivationObject,
    ArrayLike,
    Auto,
    Categorical,
    Embedding,
    Floats,
    Initializer,
    LossObject,
    MatrixLike,
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
from ..targets.values import Values
from .base import BaseANN, has_partial_fit, unchanged_on_failure
from .docstrings import documented
from .parameters import CONSTRAINTS

LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma")


@documented
class ANNRegressor(MultiOutputMixin, RegressorMixin, BaseANN):
    """Feed-forward neural network regressor.

    Parameters
    ----------
    {hidden_layer_sizes}
    {activation}
    {parametric_activation}
    loss : str or loss object, default="squared_error"
        What the training minimises, summed over outputs and averaged over rows:

        - "squared_error": half the squared residual, that is half of equation (3); predicts the mean;
        - "absolute_error": predicts the median;
        - "huber": squared up to ``huber_delta``, then linear; for targets with outliers;
        - "quantile": the pinball loss; predicts the ``quantile``;
        - "poisson" and "gamma": half the deviance, with exp as output; for counts y >= 0 and for positive y;
        - an object follows the contract of `skann.engine.losses`.

    huber_delta : float, default=1.35
        Where the Huber loss turns linear, in standard deviations of y, those of the first call with `partial_fit`.

    quantile : float or list of float, default=0.5
        Level of the quantile to predict, strictly between 0 and 1. A list, for a single target, gives one column of
        predictions for each level, in its order; they never cross.

    target_scaling : bool or "auto", default="auto"
        Whether to train on (y - mean) / standard deviation and predict in the units of y. Losses in `history_` are then
        those of the scaled targets. Not for "poisson" and "gamma", whose logarithm has no units.

    {solver}
    {initializer}
    {alpha}
    {weight_decay}
    {dropout}
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
    {dtype}
    {verbose}
    Attributes
    ----------
    {n_features_in_}
    {feature_names_in_}
    {coefs_}
    {intercepts_}
    {encoder_}
    target_mean_ : ndarray of shape (n_targets,) or None
        Mean of the training targets, None without ``target_scaling``.

    target_scale_ : ndarray of shape (n_targets,) or None
        Standard deviation of the training targets, None without ``target_scaling``.

    {network_}
    {estimators_}
    {oof_prediction_}
    {n_layers_}
    {n_outputs_}
    {out_activation_}
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
    ANNClassifier : The same for classification.

    {notes}
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
        "loss": [StrOptions(set(LOSSES)), HasMethods(["value_and_delta", "predict", "constant"])],
        "huber_delta": [above(0)],
        "target_scaling": [StrOptions({"auto"}), "boolean"],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
    }

    def __init__(
        self,
        hidden_layer_sizes: PerLayer[int] | Auto = "auto",
        activation: PerLayer[ActivationName | ActivationObject] | Auto = "auto",
        *,
        parametric_activation: bool | Auto = "auto",
        loss: RegressionLoss | LossObject = "squared_error",
        huber_delta: float = 1.35,
        quantile: PerLayer[float] = 0.5,
        target_scaling: bool | Auto = "auto",
        solver: Solver = "adam",
        initializer: Initializer = "auto",
        alpha: float = 0.0001,
        weight_decay: float | Auto = "auto",
        dropout: PerLayer[float] | Auto = "auto",
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
        dtype: Literal["float32", "float64"] | Auto = "auto",
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.parametric_activation = parametric_activation
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.target_scaling = target_scaling
        self.solver = solver
        self.initializer = initializer
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.dropout = dropout
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
        self.dtype = dtype
        self.verbose = verbose

    @available_if(has_partial_fit)
    def partial_fit(self, X: MatrixLike, y: TargetLike, *, sample_weight: ArrayLike | None = None) -> Self:
        """Train for one epoch on these rows, going on from the last call.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            One row or more.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : ANNRegressor

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described; the regressor is then as it was before.
        """
        with unchanged_on_failure(self):
            return self._fit(X, y, sample_weight, first=not hasattr(self, "networks_"), partial=True)

    def predict(self, X: MatrixLike) -> Floats:
        """Predict values: means, medians or quantiles, as the loss says.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Or (n_samples, n_quantiles) with a list of quantiles.
        """
        return self._target.shaped(self._predict(X))

    @property
    def target_mean_(self) -> Floats | None:
        """Mean of the training targets, None without ``target_scaling``."""
        return self._of_target("target_mean_", "mean")

    @property
    def target_scale_(self) -> Floats | None:
        """Standard deviation of the training targets, None without ``target_scaling``."""
        return self._of_target("target_scale_", "spread")

    def _target_of(self, y):
        return Values.learn(y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss in ("poisson", "gamma")
        return tags
