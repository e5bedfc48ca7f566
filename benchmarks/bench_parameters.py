"""What each value of a parameter costs in time, and what it changes in error, on a folder of tables.

    python benchmarks/bench_parameters.py FOLDER [--splits N]     measure what is missing, then write the table
    python benchmarks/bench_parameters.py                         write the table only

FOLDER is as for bench_quality.py. Each of TABLES is split 75 to 25, --splits times, and cut to 2000 rows to train on,
and what is measured is averaged over the splits. The baseline has two networks and otherwise the default values; each
setting changes one parameter. The fits are kept in results/parameters.json; the table in docs/parameters.md is made of
them: geometric means over the tables of error, log-loss and RMSE, 0.01 added to each, and of processor seconds,
relative to the baseline.
"""

import argparse
import json
import warnings
from itertools import product
from pathlib import Path

from threadpoolctl import threadpool_limits

from bench_quality import measure
from common import average, describe_machine, geometric_mean, read_results, write_results, write_table

TABLES = ("credit_g", "cmc", "segment", "page_blocks", "electricity")
TABLES += ("concrete", "abalone", "cpu_act", "california_housing", "diamonds")
MAX_ROWS = 2000
RESULTS = Path(__file__).parent / "results" / "parameters.json"
PAGE = Path(__file__).parents[1] / "docs" / "parameters.md"
BASELINE = "two networks, all else the default"


def rates(factor):
    """The learning rate of the recipe times a factor."""
    return {"classifier": {"learning_rate_init": 0.02 * factor}, "regressor": {"learning_rate_init": 0.1 * factor}}


SETTINGS = {
    BASELINE: {},
    "`n_estimators=1`": {"n_estimators": 1},
    "`n_estimators=4`": {"n_estimators": 4},
    '`n_estimators="auto"`: 8, in regression 6 to 8': {"n_estimators": "auto"},
    "`hidden_layer_sizes=(32, 32, 32)`": {"hidden_layer_sizes": [32] * 3},
    "`hidden_layer_sizes=(64, 64, 64)`": {"hidden_layer_sizes": [64] * 3},
    "`hidden_layer_sizes=(256, 256, 256)`": {"hidden_layer_sizes": [256] * 3},
    "`hidden_layer_sizes=(128,)`": {"hidden_layer_sizes": [128]},
    "`hidden_layer_sizes=(128, 128)`": {"hidden_layer_sizes": [128] * 2},
    "`learning_rate_init`, a quarter": rates(0.25),
    "`learning_rate_init`, half": rates(0.5),
    "`learning_rate_init`, double": rates(2),
    "`max_iter=16`": {"max_iter": 16},
    "`max_iter=32`": {"max_iter": 32},
    "`max_iter=128`": {"max_iter": 128},
    "`batch_size=32`": {"batch_size": 32},
    "`batch_size=256`": {"batch_size": 256},
    "`dropout=0.0`": {"dropout": 0.0},
    "`dropout=0.05`": {"dropout": 0.05},
    "`dropout=0.3`": {"dropout": 0.3},
    "`weight_decay=0.0`": {"weight_decay": 0.0},
    "`weight_decay=0.1`": {"weight_decay": 0.1},
    '`numeric_embedding="piecewise_linear"`': {"numeric_embedding": "piecewise_linear"},
    "`numeric_embedding=None`": {"numeric_embedding": None},
    '`activation="relu"`': {"activation": "relu"},
    "`weight_averaging=None`": {"weight_averaging": None},
    "`feature_scaling=False`": {"feature_scaling": False},
    '`learning_rate="constant"`': {"learning_rate": "constant"},
}


def rows(results):
    """The lines of the page's table.

    Parameters
    ----------
    results : dict of (split, table, setting) to dict of str to float

    Returns
    -------
    rows : list of str
    """
    mean = average(results)
    head = "| setting | error | log-loss | RMSE | time, classification | time, regression |"
    lines = [head, "|---|---|---|---|---|---|"]
    columns = [("error", "error"), ("log_loss", "error"), ("rmse", "rmse"), ("seconds", "error"), ("seconds", "rmse")]
    for name in SETTINGS:
        cells = [name]
        for measured, of_task in columns:
            tables = [table for table in TABLES if of_task in mean[table, name]]
            add = 0.0 if measured == "seconds" else 0.01
            pairs = [(mean[table, name][measured], mean[table, BASELINE][measured]) for table in tables]
            cells.append(f"{geometric_mean([(a + add) / (b + add) for a, b in pairs]):.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def tables():
    """The tables of the page by name, made of the raw results: lists of lines."""
    return {"parameters": rows(read_results(RESULTS))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--splits", type=int, default=3)
    options = parser.parse_args()
    results = read_results(RESULTS)
    paths = {path.stem: path for path in options.folder.glob("*/*.parquet")} if options.folder else {}
    for key in product(range(options.splits), TABLES, SETTINGS) if paths else ():
        seed, table, name = key
        if key not in results:
            setting = json.dumps({"n_estimators": 2} | SETTINGS[name])
            results[key] = measure(paths[table], setting, seed, MAX_ROWS)
            write_results(RESULTS, results, describe_machine())
            print(*key, {measured: round(value, 4) for measured, value in results[key].items()}, flush=True)
    for name, lines in tables().items():
        print("\n".join(lines))
        write_table(PAGE, name, lines)


if __name__ == "__main__":
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
