"""The engine: forward and backward propagation in NumPy.

It knows nothing of scikit-learn and of option strings; the estimators translate names into the objects defined here.
The modules, in the order in which they build on each other, which is that in which to read them::

    activations  losses  initializers  optimizers  schedules  averaging  rows
      -> layers -> embeddings -> network -> objective -> stepping -> training
      -> evaluation -> scores  calibration -> callbacks; sweep

The mathematics, section by section, is told in docs/mathematics.md.

Vocabulary (one meaning each, in every module)
----------------------------------------------
X, y, weight
    Rows of input (n_rows, n_in), their targets, and their weights (n_rows,), scaled to mean 1 over the training set.
theta, grad
    All parameters of a network and the gradient of the objective: flat vectors (n_parameters,).
W, b, dW, db
    Weights (n_in, n_out) and biases (n_out,) of a layer and their gradients: views of ``theta`` and ``grad``.
z, a
    Pre-activation and activation of a layer (n_rows, n_out); equations (1) and (2).
delta
    Derivative of the loss with respect to the array that a layer computes (n_rows, n_out); section 5 of
    docs/mathematics.md.
raw
    Output of the last layer before the loss turns it into a prediction (n_rows, n_out).
lr, rng, t
    Learning rate, ``numpy.random.Generator`` and the number of optimizer steps taken.
"""
