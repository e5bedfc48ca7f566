"""The page of the documentation about speed and accuracy, from the raw results in benchmarks/results.

    python benchmarks/page.py [--check]

Writes docs/benchmarks.md, its picture docs/_static/benchmarks.svg and the table of steps in README.md; --check only
says whether page and README are as the results say. The results are made by these programs, which take a quiet machine:

- step.json: ``bench_fit.py --json``
- frameworks.json: ``bench_frameworks.py --json``
- quality.csv: fits of the models on splits of the tables, 75 to 25, five of tables below 2500 rows and two of the
  others, at most 10 000 rows to train on; seconds of the processor for skann, of the clock for the others.
"""

import argparse
import csv
import io
import json
import math
import re
from collections import defaultdict
from pathlib import Path
from statistics import fmean, median

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE, PICTURE, README = (
    ROOT / "docs" / "benchmarks.md",
    ROOT / "docs" / "_static" / "benchmarks.svg",
    ROOT / "README.md",
)
MEASURES = {"error": "error", "log_loss": "log-loss", "1-auc": "1 - AUC", "rmse": "RMSE"}
MODELS = {
    "skann": "skann, default",
    "skann_single": "skann, `n_estimators=1`",
    "catboost": "CatBoost",
    "lgbm": "LightGBM",
    "hgb": "scikit-learn's HistGradientBoosting",
    "realmlp": "RealMLP-TD (pytabkit, PyTorch)",
    "realmlp_s": "RealMLP-TD-S (pytabkit, PyTorch)",
    "skmlp": "scikit-learn's MLP, scaled, one-hot",
    "linear": "logistic or ridge regression, scaled, one-hot",
}
NEEDS = {
    "skann": "SciPy, scikit-learn",
    "skann_single": "the same",
    "catboost": "a compiled library",
    "lgbm": "a compiled library",
    "hgb": "scikit-learn",
    "realmlp": "PyTorch",
    "skmlp": "scikit-learn, a pipeline that prepares the table",
}
FRAMEWORKS = {"skann": "skann", "sklearn": "scikit-learn", "torch": "PyTorch, eager", "jax": "JAX, compiled"}
STEPS = {"peer": "scikit-learn, float64", "peer32": "scikit-learn, float32", "torch": "PyTorch", "jax": "JAX"}


def read_quality():
    """Means over the splits of a table: a dict of (measure, table, model) to float."""
    values = defaultdict(list)
    with (RESULTS / "quality.csv").open() as file:
        for row in csv.DictReader(file):
            for measure in (*MEASURES, "seconds"):
                if row[measure]:
                    values[measure, row["table"], row["model"]].append(float(row[measure]))
    return {key: fmean(each) for key, each in values.items()}


def relative(mean, measure, model, base="skann"):
    """Geometric mean over the tables that both were run on, 0.01 added to each: (ratio, better, tables)."""
    tables = [table for m, table, who in mean if (m, who) == (measure, model) and (measure, table, base) in mean]
    pairs = [(mean[measure, table, model], mean[measure, table, base]) for table in tables]
    ratio = math.exp(fmean(math.log((own + 0.01) / (other + 0.01)) for own, other in pairs))
    return ratio, sum(own < other for own, other in pairs), len(pairs)


def relative_seconds(mean, model, base="skann"):
    """The median over the tables of the ratio of the seconds of a fit."""
    return median(
        value / mean["seconds", table, base]
        for (measure, table, who), value in mean.items()
        if (measure, who) == ("seconds", model) and ("seconds", table, base) in mean
    )


def table(head, rows):
    """Lines of a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def quality_table(mean):
    rows = []
    for model, title in MODELS.items():
        cells = []
        for measure in MEASURES:
            ratio, better, n = relative(mean, measure, model)
            cells.append(f"{ratio:.3f}" + ("" if model == "skann" else f" ({better} of {n})"))
        rows.append([title, *cells, f"{relative_seconds(mean, model):.2g}"])
    return table(["model", *MEASURES.values(), "time"], rows)


def where_it_loses(mean):
    """The tables on which a peer's error or RMSE is more than 5 % below that of the default: lines of a table."""
    rows = []
    for measure in ("error", "rmse"):
        for name in sorted({key[1] for key in mean if key[0] == measure}):
            own = mean[measure, name, "skann"]
            peers = {
                m: mean[measure, name, m] for m in MODELS if (measure, name, m) in mean and not m.startswith("skann")
            }
            best = min(peers, key=peers.get)
            if peers[best] < 0.95 * own:
                rows.append([name, MEASURES[measure], f"{own:.4f}", f"{peers[best]:.4f}", MODELS[best]])
    return table(["table", "measure", "skann, default", "best peer", "which"], rows)


def step_table(steps):
    rows = []
    for each in steps:
        if each["blas_threads"] == 1:
            ratios = [f"{each['ratio'][name]:.1f}" if name in each["ratio"] else "" for name in STEPS]
            share = f"{100 * each['ratio']['products']:.0f} %"
            rows.append(
                [each["network"].replace(" @", ", batch "), f"{each['seconds']['skann'] * 1e6:.0f}", *ratios, share]
            )
    return table(["network", "skann, µs", *STEPS.values(), "products alone"], rows)


def framework_table(found):
    def times(what, scale, form):
        own = found[what]
        cells = [form.format(own["skann"]["seconds"] * scale)]
        return cells + [
            f"{form.format(own[name]['seconds'] * scale)} ({own[name]['ratio']:.1f} x)" if name in own else ""
            for name in list(FRAMEWORKS)[1:]
        ]

    def plain(what, scale, form):
        return [form.format(found[what][name] * scale) if name in found[what] else "" for name in FRAMEWORKS]

    return table(
        ["", *FRAMEWORKS.values()],
        [
            ["a fitted model, 20 epochs of 10 000 rows, s", *times("fitted", 1, "{:.2f}")],
            ["96 % of digits right, s of training", *times("accuracy", 1, "{:.2f}")],
            ["one row, µs", *times("row", 1e6, "{:.0f}")],
            ["a million rows, s", *times("rows", 1, "{:.2f}")],
            ["peak memory of a process that fits, MB", *plain("peak_megabytes", 1, "{:.0f}")],
            ["import, s", *plain("import_seconds", 1, "{:.2f}")],
            ["installed, MB, all it requires included", *plain("installed_megabytes", 1, "{:.0f}")],
        ],
    )


def machine_line(machine):
    packages = {"scikit-learn": "scikit-learn", "numpy": "NumPy", "python": "Python", "torch": "PyTorch", "jax": "JAX"}
    versions = ", ".join(f"{title} {machine[name]}" for name, title in packages.items() if name in machine)
    return f"{machine['cpus']} cores of {machine['processor']}, {', '.join(machine['blas'])}; {versions}"


def page(quality, step, frameworks):
    """The text of docs/benchmarks.md."""
    return f"""# Benchmarks

Everything on this page is made of the raw results in `benchmarks/results` by `python benchmarks/page.py`. Where skann
loses, it is shown as plainly as where it wins.

## Accuracy

28 public tables, 227 to 10 000 rows to train on; geometric means over the tables, relative to the default of skann:
**below 1 is better than skann**. In brackets, on how many of the tables. Every model has its default values; the time
is that of a fit, the median ratio over the tables.

{quality_table(quality)}

```{{image}} _static/benchmarks.svg
:alt: Log-loss and RMSE of the models relative to skann's default against the time of a fit
:width: 100%
```

Seconds of skann are those of the processor, those of the others were read from a clock on the same kind of machine, one
thread each, which was not idle: a factor of 1.5 says nothing. CatBoost was not run on three of the tables.

The boosted trees fit in a few hundredths of the time. Where a peer is more than 5 % better than skann's default:

{where_it_loses(quality)}

How long this takes against rows and columns: [performance](performance.md). When trees are the better choice: [trees or
networks](trees.md). What was measured to choose the defaults: [the recipe](recipe.md).

## A training step

The same network, plain (`encoder=None`), trained by Adam; how many times longer the others take, medians of ratios of
neighbouring measurements. "Products alone" is the share of skann's step that the bare matrix products take: what is
left to gain. One BLAS thread:

{step_table(step["results"])}

From a width of 256 the products take most of a step, and so frameworks are as fast: skann loses its lead there.

*{machine_line(step["machine"])}; `python benchmarks/bench_fit.py --json benchmarks/results/step.json`.*

## What a user waits for

A network of two layers of 64 for 20 numbers, as each package's users would write it
([source](../benchmarks/frameworks.py)), on one core. In brackets how many times as long as skann.

{framework_table(frameworks["results"])}

JAX compiles its step anew for each shape of a batch, which is part of a fitted model here, and not of the time for one
row. skann and scikit-learn check what they are given, which is most of the time for one row. What PyTorch installs is
its build for the CPU.

*{machine_line(frameworks["machine"])}; `python benchmarks/bench_frameworks.py --json
benchmarks/results/frameworks.json`.*

## Measure it yourself

    make bench                  # against scikit-learn
    make bench TORCH=1          # against PyTorch and JAX, too, which it installs

All programs: [benchmarks](../benchmarks/README.md). Absolute times depend on the machine, on its BLAS and on what else
runs there: trust the ratios. `python -m skann` prints what matters for them.
"""


def picture(mean):
    """Loss against time, an SVG file: classification and regression beside each other."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "skann", "svg.fonttype": "none", "font.size": 10})
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    names = {"skann": "skann", "skann_single": "one network", "hgb": "HistGradientBoosting", "realmlp": "RealMLP"}
    names |= {"catboost": "CatBoost", "lgbm": "LightGBM", "skmlp": "MLP of scikit-learn", "realmlp_s": "RealMLP-S"}
    for panel, measure, title in zip(
        panels, ("log_loss", "rmse"), ("Log-loss, 17 tables", "RMSE, 11 tables"), strict=True
    ):
        for model, name in names.items():
            x, (y, *_) = relative_seconds(mean, model), relative(mean, measure, model)
            color = "#c2410c" if model.startswith("skann") else "#475569"
            panel.plot(x, y, "o" if model.startswith("skann") else "s", color=color)
            place = {"hgb": (4, -12), "realmlp": (4, -12), "catboost": (8, -3)}.get(model, (4, 5))
            panel.annotate(name, (x, y), xytext=place, textcoords="offset points", color=color, fontsize=9)
        panel.set(xscale="log", xlabel="time of a fit, relative to skann", title=title, xlim=(0.003, 30))
        panel.set_ylabel("relative to skann")
        panel.margins(y=0.12)
        panel.grid(alpha=0.3)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE)


def comparison(mean):
    """The accuracy in short, a table."""
    rows = []
    for model, needs in NEEDS.items():
        cells = [f"{relative(mean, measure, model)[0]:.2f}" for measure in ("error", "log_loss", "rmse")]
        rows.append([MODELS[model], *cells, f"{relative_seconds(mean, model):.2g}", needs])
    return table(["model", "error", "log-loss", "RMSE", "time", "needs, beside NumPy"], rows)


def readme(steps, mean):
    """README.md with its tables."""
    text = README.read_text("utf-8")
    for name, lines in {"steps": step_table(steps["results"]), "comparison": comparison(mean)}.items():
        inside = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text = inside.sub(lambda found, lines=lines: f"{found[1]}{lines}\n{found[2]}", text)
    return text


def texts():
    """What the results say: a dict of path to text."""
    step, frameworks = (json.loads((RESULTS / name).read_text()) for name in ("step.json", "frameworks.json"))
    quality = read_quality()
    return {PAGE: page(quality, step, frameworks), README: readme(step, quality)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        stale = [str(path.relative_to(ROOT)) for path, text in texts().items() if path.read_text("utf-8") != text]
        raise SystemExit(f"not as the results say: {', '.join(stale)}" if stale else 0)
    for path, text in texts().items():
        path.write_text(text, "utf-8")
    PICTURE.write_text(picture(read_quality()), "utf-8")


if __name__ == "__main__":
    main()
