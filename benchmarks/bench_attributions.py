"""Measure attributions against SHAP's KernelExplainer, and the share that importances take of a fit.

    python benchmarks/bench_attributions.py [--quick] [--json FILE]

It needs shap, as the environment of `make test-ecosystem` has it, for the first figure. Times are process times: a
machine where others are at work does not change them much.
"""

import warnings
from functools import partial
from time import process_time

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.exceptions import ConvergenceWarning

from common import describe_machine, parse_options, print_machine, report, write_json
from skann import ANNClassifier, ANNRegressor
from skann.fitting import importance, prepare
from skann.inspection import attributions


def seconds(function):
    """The process time that a call takes."""
    start = process_time()
    function()
    return process_time() - start


def times_faster(make, X, y, predict, n_rows, n_kernel):
    """Time per row of KernelExplainer, with its default number of samples, over that of attributions."""
    import shap

    model = make(random_state=0).fit(X, y)
    background, rows = X[:100], X[100 : 100 + n_rows]
    ours = seconds(lambda: attributions(model, rows, background)) / n_rows
    explainer = shap.KernelExplainer(lambda rows: predict(model, rows), background)
    kernel = seconds(lambda: explainer.shap_values(rows[:n_kernel], silent=True)) / n_kernel
    print(f"    {1e3 * ours:.0f} ms and {1e3 * kernel:.0f} ms a row")
    return kernel / ours


def percent_of_fit(make, n_rows, is_classifier):
    """What importances take of a fit, in percent."""
    X, y = make_friedman1(n_rows, n_features=20, noise=1.0, random_state=0)
    spent = []

    def timed(*args, **kwargs):
        spent.append(seconds(lambda: importance.learn_importances(*args, **kwargs)))

    prepare.learn_importances = timed
    total = seconds(lambda: make(random_state=0).fit(X, y > np.median(y) if is_classifier else y))
    prepare.learn_importances = importance.learn_importances
    return 100 * spent[0] / total


def main():
    options = parse_options(__doc__)
    machine = describe_machine()
    print_machine(machine)
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = {}
    try:
        import shap  # noqa: F401
    except ImportError:
        print("without shap: the comparison with it is left out")
    else:
        n_rows, n_kernel = (20, 1) if options.quick else (50, 3)
        classes = make_classification(1000, 20, n_informative=10, random_state=0)
        values = make_friedman1(1000, n_features=20, noise=1.0, random_state=0)
        cases = {
            "classification": (ANNClassifier, *classes, lambda model, X: model.predict_proba(X)[:, 1]),
            "regression": (ANNRegressor, *values, lambda model, X: model.predict(X)),
        }
        print("\nattributions against KernelExplainer, 20 columns, 100 rows of background: times faster (goal: >= 20)")
        for name, case in cases.items():
            results[name] = times_faster(*case, n_rows, n_kernel)
            print(f"{name:<40}{results[name]:>10.0f}", flush=True)
    sizes = (300, 1000) if options.quick else (300, 1000, 10_000)
    shares = [
        (f"{make.__name__}, {n_rows} rows", 3.0, partial(percent_of_fit, make, n_rows, is_classifier))
        for make, is_classifier in ((ANNClassifier, True), (ANNRegressor, False))
        for n_rows in sizes
    ]
    results |= report(shares, "importances, % of the fit")
    if options.json:
        write_json(options.json, machine, results)


if __name__ == "__main__":
    main()
