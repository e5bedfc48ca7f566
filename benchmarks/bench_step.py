"""Time a training step of this engine beside that of another checkout of the project.

    python benchmarks/bench_step.py OTHER_CHECKOUT [--repetitions 15] [--only "recipe 600,64-64"]

Both engines are loaded in one process and train the same networks in turn: those of bench_fit.py, and networks of the
default recipe. A figure is the median over repetitions of the ratio of neighbouring measurements, in processor time,
which other processes disturb less than time by the clock.
"""

import argparse
import importlib
import importlib.util
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
from threadpoolctl import threadpool_limits

from skann.fitting.build import set_rate_factors

HERE = Path(__file__).parents[1]
MODULES = ["activations", "averaging", "embeddings", "initializers", "layers", "losses", "network", "objective"]
MODULES += ["optimizers", "rows", "schedules", "stepping", "training"]


def load(name, checkout):
    """The engine of a checkout, as a package with this name."""
    path = Path(checkout) / "skann" / "engine"
    spec = importlib.util.spec_from_file_location(name, path / "__init__.py", submodule_search_locations=[str(path)])
    engine = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(engine)
    for module in MODULES:
        importlib.import_module(f"{name}.{module}")
    return engine


def plain(engine, widths, batch_size, n_batches):
    """Layers with ReLU and Adam, for classification: a function that trains for some epochs."""
    relu, dense = engine.activations.ReLU, engine.layers.Dense
    n_hidden = len(widths) - 2
    layers = [dense(*pair, relu() if i < n_hidden else None) for i, pair in enumerate(pairwise(widths))]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((batch_size * n_batches, widths[0]), dtype=np.float32)
    network = engine.network.Network(layers, np.float32)
    network.initialize(rng, engine.initializers.glorot)
    return trainer(engine, network, X, widths[-1], batch_size, l2=1e-4 / len(X))


def recipe(engine, n_rows, n_columns, width, batch_size, n_categories=0):
    """A network of the default recipe for classification."""
    of_layers, rng = engine.layers, np.random.default_rng(0)
    parts = {"numeric": engine.embeddings.Periodic(n_columns, sigma=0.3)}
    parts |= {f"category{i}": engine.embeddings.Category(8) for i in range(n_categories)}
    embeddings = engine.embeddings.Embeddings(parts)
    layers, n_in = [embeddings, of_layers.Scale(embeddings.n_out)], embeddings.n_out
    for _ in range(3):
        layers += [of_layers.Dense(n_in, width), of_layers.ParametricMish(width), of_layers.Dropout(width, 0.15)]
        n_in = width
    layers.append(of_layers.Dense(width, 3))
    set_rate_factors(layers, 6.0)
    codes = rng.integers(0, 9, (n_rows, n_categories))
    X = np.hstack([rng.standard_normal((n_rows, n_columns)), codes]).astype(np.float32)
    network = engine.network.Network(layers, np.float32)
    network.initialize_from_data(rng, X[:1000])
    more = {"fade": lambda t: 0.9, "average": engine.averaging.WeightAverage(0.99, network.theta)}
    return trainer(engine, network, X, 3, batch_size, beta_2=0.95, weight_decay=0.02, more=more)


def trainer(engine, network, X, n_classes, batch_size, l2=0.0, more=None, **hyper_parameters):
    """A function that trains for some epochs and returns what a step took."""
    network.prepare_training()
    rng = np.random.default_rng(0)
    rows = engine.rows.ArrayRows(X, rng.integers(n_classes, size=len(X)))
    adam = engine.optimizers.Adam(network.theta.size, np.float32, groups=network.groups, **hyper_parameters)
    stepper = engine.stepping.Stepper(adam, lambda t: 1e-4, **more or {})
    objective = engine.objective.Objective(network, engine.losses.CrossEntropy(n_classes), l2)

    def seconds_per_step(n_epochs):
        start = process_time()
        engine.training.fit_minibatch(objective, stepper, rows, batch_size=batch_size, max_epochs=n_epochs, rng=rng)
        return (process_time() - start) / (n_epochs * -(-len(rows) // batch_size))

    return seconds_per_step


CASES = {  # what makes the network, its arguments, epochs to measure
    "64-100-10 @200": (plain, ((64, 100, 10), 200, 50), 6),
    "20-64-64-3 @32": (plain, ((20, 64, 64, 3), 32, 100), 6),
    "20-256-256-3 @256": (plain, ((20, 256, 256, 3), 256, 20), 8),
    "784-1024-1024-10 @512": (plain, ((784, 1024, 1024, 10), 512, 4), 1),
    "recipe 600 x 20, width 128, @48": (recipe, (600, 20, 128, 48), 15),
    "recipe 10 000 x 20, width 256, @128": (recipe, (10_000, 20, 256, 128), 1),
    "recipe 2000 x 12 and 8 categories, width 160, @80": (recipe, (2000, 12, 160, 80, 8), 3),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other")
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--only", default="", help="parts of names, with commas between them")
    options = parser.parse_args()
    engines = [load("other_engine", options.other), load("this_engine", HERE)]
    print(f"{'processor time of a step, us':<52}{'other':>8}{'this':>8}{'ratio':>8}")
    for name, (make, arguments, n_epochs) in CASES.items():
        if not any(part in name for part in options.only.split(",")):
            continue
        with threadpool_limits(1, user_api="blas"):
            runs, times = [make(engine, *arguments) for engine in engines], []
            for i in range(options.repetitions + 1):  # the first round does not count
                order = (0, 1) if i % 2 else (1, 0)
                measured = {k: runs[k](n_epochs) for k in order}
                times.append((measured[0], measured[1]))
        other, this = 1e6 * np.array(times[1:]).T
        print(f"{name:<52}{np.median(other):>8.0f}{np.median(this):>8.0f}{np.median(this / other):>8.2f}", flush=True)


if __name__ == "__main__":
    main()
