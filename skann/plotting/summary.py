"""The summary of a fitted estimator as text: layers, columns, outputs, training, memory, and what "auto" became."""

import textwrap

import numpy as np

from .._compat import check_feature_names_in, score_name
from .outline import outline

WIDTH = 100  # characters of a line, but for long titles of layers
N_NAME = 24  # characters of a name


class Summary:
    """The text that says what is in a fitted estimator; ``str`` and ``repr`` are the text.

    Parameters
    ----------
    text : str
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def summarize(estimator):
    """The `Summary` of a fitted estimator."""
    networks = estimator.networks_
    n_networks = len(networks.members)
    models = estimator.estimators_ if networks.is_ensemble else [estimator]
    shown = models[:1] if networks.are_alike else models
    parts = [_title(estimator, n_networks)]
    parts += [_layers(model, n_networks if networks.are_alike else 1) for model in shown]
    if len(shown) > 1:
        parts.append(f"{n_networks} networks: {sum(member.network.theta.size for member in networks.members):,}")
    facts = {
        "columns": _columns(estimator),
        "outputs": _outputs(estimator),
        "training": _training(estimator),
        "memory": _memory([member.network.theta for member in networks.members]),
        '"auto"': ", ".join(f"{name}={value!r}" for name, value in estimator.resolved_params_.items()),
    }
    parts.append("\n".join(_fact(name, text) for name, text in facts.items() if text))
    return Summary("\n\n".join(parts))


def _title(estimator, n_networks):
    return f"{type(estimator).__name__}: {n_networks} network{'s' if n_networks > 1 else ''}"


def _fact(name, text):
    """One paragraph for each line of a text, behind a name."""
    lines = [
        textwrap.fill(line, WIDTH - 10, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    ]
    return f"{name:<9} " + textwrap.indent("\n".join(lines), " " * 10).lstrip()


# ---------------------------------------------------------------------------------------------------------- layers


def _layers(model, n_networks):
    """The table of the layers of one network, and what ``n_networks`` such have together."""
    columns = outline(model)
    rows = [("layer", "output shape", "parameters", "activation and more")]
    rows += [(each.title, f"(n, {each.n_units})", f"{each.n_parameters:,}", "; ".join(each.notes)) for each in columns]
    n_parameters = sum(each.n_parameters for each in columns)
    total = [("total", "", f"{n_parameters:,}", "")]
    total += [(f"{n_networks} networks", "", f"{n_networks * n_parameters:,}", "")] if n_networks > 1 else []
    widths = [max(len(row[i]) for row in rows + total) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows + total]
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1 : len(rows)], rule, *lines[len(rows) :]])


# --------------------------------------------------------------------------------------------- what enters and leaves


def _columns(estimator):
    """The columns of the table by what they become, a line for each kind."""
    encoder = estimator.encoder_
    if encoder is None:
        return _named("number", _feature_names(estimator))
    if not hasattr(encoder, "numeric_columns_"):
        return f"{_named('column', _feature_names(estimator))}\nthrough {type(encoder).__name__}"
    names = check_feature_names_in(encoder, None)
    numeric, categorical = encoder.numeric_columns_, encoder.categorical_columns_
    categories = names[encoder.is_categorical_]
    levels = [
        f"{_short(name)} ({len(table.levels)})" for name, table in zip(categories, categorical.tables, strict=True)
    ]
    one_hot = [text for text, table in zip(levels, categorical.tables, strict=True) if _is_one_hot(table)]
    embedded = [text for text, table in zip(levels, categorical.tables, strict=True) if table.is_code]
    encoded = encoder.get_feature_names_out().tolist()
    n_varying, n_missing = len(numeric.scale), len(numeric.with_missing)
    varying, indicated = encoded[:n_varying], encoded[n_varying : n_varying + n_missing]
    is_date = (
        [False] * len(names) if encoder.date_kinds_ is None else [kind is not None for kind in encoder.date_kinds_]
    )
    is_plain = ~(encoder.is_categorical_ | np.array(is_date))
    constant = [name for name in names[is_plain] if name not in varying]
    constant += [name for name, table in zip(categories, categorical.tables, strict=True) if not table.n_columns]
    lines = [
        _named("date", names[is_date]),
        _named("number", varying),
        _named(
            "indicator",
            [*(name.removeprefix("missingindicator_") for name in indicated), *categories[categorical.with_missing]],
            " of missing values",
        ),
        _named("one-hot column", one_hot, " (levels)"),
        _named("embedded column", embedded, " (levels)"),
        _named("constant column", constant, ", left out"),
    ]
    return "\n".join(filter(None, lines))


def _is_one_hot(table):
    return not table.is_code and table.n_columns > 0


def _feature_names(estimator):
    return getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(estimator.n_features_in_)])


def _outputs(estimator):
    """The classes, labels, quantiles or targets that are predicted."""
    classes = getattr(estimator, "classes_", None)
    if classes is not None:
        is_multilabel = estimator._target.multilabel
        return _named("label" if is_multilabel else "class", [str(each) for each in classes], plural_end="es")
    levels = getattr(estimator.networks_.loss, "levels", None)
    if levels is not None and np.ndim(levels):
        return _named("quantile", [f"{level:g}" for level in levels])
    n_outputs = estimator.n_outputs_
    return f"{n_outputs} target{'s' if n_outputs > 1 else ''}"


def _named(what, names, about="", plural_end="s"):
    """How many there are of something, and their names as far as there is room; empty if there are none."""
    if len(names) == 0:
        return ""
    plural = f"{what}{plural_end if what.endswith('s') else 's'}" if len(names) > 1 else what
    return f"{len(names):,} {plural}{about}: {_few([_short(name) for name in names])}"


def _short(name):
    """A name that is not too long."""
    name = str(name)
    return name if len(name) <= N_NAME else f"{name[: N_NAME // 2]}…{name[-(N_NAME // 2 - 1) :]}"


def _few(names, width=2 * WIDTH):
    """As many names as fit, the last one among them."""
    if len(", ".join(names)) <= width:
        return ", ".join(names)
    shown, n_characters = [], len(names[-1])
    for name in names[:-1]:
        n_characters += len(name) + 2
        if n_characters > width - 20:
            break
        shown.append(name)
    return f"{', '.join(shown)}, … {len(names) - len(shown) - 1:,} more …, {names[-1]}"


# ------------------------------------------------------------------------------------------------ training and memory


def _training(estimator):
    """Epochs, the best score, and the score of the rows that were held out."""
    members, name = estimator.networks_.members, score_name(estimator)
    epochs = _range([member.n_iter for member in members], "d")
    parts = [f"{epochs} epoch{'' if epochs == '1' else 's'}"]
    scores = [max(member.history["validation_score"]) for member in members if "validation_score" in member.history]
    if scores:
        parts.append(f"best validation {name} {_range([-each for each in scores] if name == 'loss' else scores)}")
    if estimator.oof_score_ is not None:
        parts.append(f"out-of-fold score {estimator.oof_score_:.4g}, loss {estimator.oof_loss_:.4g}")
    return ", ".join(parts)


def _range(values, form=".4g"):
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


def _memory(thetas):
    """The parameters of all networks in bytes."""
    n_bytes, unit = float(sum(theta.nbytes for theta in thetas)), "bytes"
    for larger in ("kB", "MB", "GB"):
        if n_bytes < 1000:
            break
        n_bytes, unit = n_bytes / 1000, larger
    return f"{n_bytes:.3g} {unit} of parameters in {thetas[0].dtype}"
