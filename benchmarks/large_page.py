"""The figure and the tables of docs/large_tables.md, from the results of bench_large.py."""

from itertools import groupby
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE, FIGURE = DOCS / "large_tables.md", DOCS / "_static" / "large_tables.svg"
NAMES = {"hgb": "HGB", "hgb_long": "HGB, long", "skann": "skann"}
COLOURS = {"hgb": "tab:green", "hgb_long": "tab:olive", "skann": "tab:blue"}
CLOCK = """## By the clock, with two jobs

Seconds of a fit with `n_jobs=2`, or two threads, how many processors it kept busy meanwhile, and the peak of the
resident memory of the process and its workers above what it was with the table loaded.
"""
BEGIN, END = "<!-- {}: made by benchmarks/bench_large.py -->\n", "<!-- end -->\n"


def loss_of(fit):
    """The loss that a table is judged by, and its name."""
    return (fit["rmse"], "RMSE") if "rmse" in fit else (fit["log_loss"], "log-loss")


def write_page(fits):
    """Put the tables into the page, and draw the figure."""
    text = PAGE.read_text()
    for kind, make in TABLES.items():
        begin = BEGIN.format(kind)
        before, _, rest = text.partition(begin)
        text = before + begin + "\n" + make(fits) + "\n" + END + rest.partition(END)[2]
    PAGE.write_text(text)
    draw(fits)


def losses_and_times(fits):
    """A line for each table and number of rows that skann was fitted to with one job; the least loss is in bold."""
    names = list(NAMES.values())
    head = ["table, loss", "rows", *(f"loss of {name}" for name in names), *(f"seconds of {name}" for name in names)]
    lines = [*_head([*head, "skann / HGB", "skann / HGB, long", "networks x epochs"])]
    for found in _lines(fits, lambda fit: fit["jobs"] == 1):
        first = next(iter(found.values()))
        losses = {model: round(loss_of(fit)[0], 3) for model, fit in found.items()}
        cells = [f"{first['table']}, {loss_of(first)[1]}", f"{first['rows']:,}".replace(",", " ")]
        for model in NAMES:
            cell = f"{losses[model]:.3f}" if model in found else ""
            cells.append(f"**{cell}**" if losses.get(model) == min(losses.values()) else cell)
        cells += [_seconds(found[model]["cpu_seconds"]) if model in found else "" for model in NAMES]
        cells += [_ratio(found, model, "cpu_seconds") for model in ("hgb", "hgb_long")]
        epochs = found["skann"]["epochs"]
        cells.append(f"{len(epochs)} x {sum(epochs) / len(epochs):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def by_the_clock(fits):
    """A section with a line for each table and number of rows that was fitted with two jobs, if there are any."""
    columns = ["table", "rows", "HGB, seconds", "skann, seconds", "ratio", "processors busy: HGB", "skann"]
    lines = [CLOCK, *_head([*columns, "memory of HGB, MB", "of skann, MB"])]
    for found in _lines(fits, lambda fit: fit["jobs"] == 2 and fit["model"] in ("hgb", "skann")):
        first, models = next(iter(found.values())), ("hgb", "skann")
        cells = [first["table"], f"{first['rows']:,}".replace(",", " ")]
        cells += [_seconds(found[model]["seconds"]) if model in found else "" for model in models]
        cells.append(_ratio(found, "hgb", "seconds"))
        cells += [f"{found[m]['cpu_seconds'] / found[m]['seconds']:.1f}" if m in found else "" for m in models]
        cells += [f"{found[model]['megabytes']:.0f}" if model in found else "" for model in models]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n" if len(lines) > len(_head([])) + 1 else ""


TABLES = {"losses and times": losses_and_times, "by the clock": by_the_clock}


def _head(names):
    return "| " + " | ".join(names) + " |", "|---" * len(names) + "|"


def _lines(fits, is_wanted):
    """For each table and number of rows the fits that are wanted, by model."""
    chosen = _sorted(filter(is_wanted, fits))
    for _, of_line in groupby(chosen, lambda fit: (fit["table"], fit["rows"])):
        found = {fit["model"]: fit for fit in of_line}
        if "skann" in found:
            yield found


def _seconds(value):
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _ratio(found, model, name):
    """Of the time of skann to that of a model, where there are both."""
    return f"{found['skann'][name] / found[model][name]:.0f}" if model in found else ""


def _sorted(fits):
    return sorted(fits, key=lambda fit: (not fit["table"].startswith("made"), fit["table"], fit["rows"]))


def draw(fits):
    """A panel for each table: the loss against processor seconds, a line for each model from few rows to many."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams |= {"svg.hashsalt": "large_tables", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot as plt

    chosen = _sorted(fit for fit in fits if fit["jobs"] == 1)
    by_table = {name: list(of_table) for name, of_table in groupby(chosen, lambda fit: fit["table"])}
    by_table = {name: own for name, own in by_table.items() if any(fit["model"] == "skann" for fit in own)}
    seconds = [fit["cpu_seconds"] for fit in chosen]
    limits = min(seconds) / 1.5, max(seconds) * 2.5  # there is room for the labels
    n_lines = -(-len(by_table) // 2)
    figure, panels = plt.subplots(n_lines, 2, figsize=(9, 3.2 * n_lines), layout="constrained", squeeze=False)
    for panel in panels.flat[len(by_table) :]:
        panel.set_axis_off()
    for panel, (name, of_table) in zip(panels.flat, by_table.items(), strict=False):
        for model, label in NAMES.items():
            own = [fit for fit in of_table if fit["model"] == model]
            if not own:
                continue
            points = [(fit["cpu_seconds"], loss_of(fit)[0]) for fit in own]
            panel.plot(*zip(*points, strict=True), "o-", markersize=4, color=COLOURS[model], label=label)
            for fit, point in zip(own, points, strict=True):
                n = f"{fit['rows'] / 1e6:g}M" if fit["rows"] >= 1e6 else f"{fit['rows'] / 1000:.0f}k"
                panel.annotate(n, point, xytext=(3, 3), textcoords="offset points", fontsize=7, color=COLOURS[model])
        panel.set(xscale="log", xlim=limits, xlabel="processor seconds", ylabel=loss_of(of_table[0])[1], title=name)
        panel.xaxis.set_major_formatter("{x:g}")
        panel.margins(y=0.12)
    panels.flat[0].legend(loc="lower left")
    figure.savefig(FIGURE, metadata={"Date": None})
