"""Loss functions of section 4, each beside its gradient.

A loss speaks of *raw* outputs, those of the last layer before softmax, logistic or exp: so value and gradient stay
exact and finite where a probability would round to 0.

Contract
--------
``value_and_delta(raw, y, weight, delta)`` returns the mean over the rows of weight x loss, and writes its derivative
with respect to ``raw`` into ``delta`` (n_rows, n_out). Losses are summed over the outputs. ``weight`` is None or
(n_rows,), of mean 1 over the training set, so that batches of unequal weight count as they should. ``predict(raw)``
gives probabilities or values; ``constant(y, weight)`` the raw outputs (n_out,) of the best constant prediction: where
the biases of the last layer start, and the yardstick for having learnt something. ``out_activation`` names the
function from raw outputs to predictions; ``domain`` says in words which targets are allowed, ``in_domain(y)`` whether
these are. A loss may have ``balance(raw, y, weight)``, what makes the weighted total of the predictions that of the
targets when it is added (n_out,) to the raw outputs, and ``is_balanced(y, weight)``, to which outputs (n_out,) it is.
The class that has ``predict`` may have ``derivative(raw)``: of each prediction with respect to each raw output, an
array (n_predictions, n_rows, n_out).

Targets are class indices (n_rows,) for `CrossEntropy` and floats (n_rows, n_out) for all others.

Facts about a loss stand on its class, and are False where it says nothing: ``is_classification``, its predictions are
probabilities; ``is_location``, a shift and a positive scale of y are those of its predictions, so that y may be
standardised before the training; ``positive_only``, no target is below 0. A loss with a name is made of those
hyper-parameters that its constructor names, or its classmethod ``from_parameters`` if there is one; beside them there
are ``n_classes``, ``n_targets`` and ``spread`` (n_targets,), the standard deviations of the targets. If there is not
one output for each target, ``n_outputs`` says how many. To add a loss, write a class in the file of its kind and name
it in `LOSSES`.
"""

from .classification import BinaryCrossEntropy, CrossEntropy
from .identity_link import AbsoluteError, Huber, IdentityLink, Quantile, SquaredError
from .log_link import Gamma, LogLink, Poisson, Tweedie

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Gamma",
    "Huber",
    "IdentityLink",
    "LogLink",
    "Poisson",
    "Quantile",
    "SquaredError",
    "Tweedie",
]

LOSSES = {
    "log_loss": CrossEntropy,
    "binary_log_loss": BinaryCrossEntropy,
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
}
