"""What a notebook shows of an estimator beyond scikit-learn's diagram: the network, and links to our pages."""

import html
import math

from .outline import outline

PITCH, HEIGHT, BAR = 132, 64, 16  # pixels: from column to column, of the highest bar, its width


N_SHOWN = 12  # columns; those in the middle of deeper networks are left out


def added_html(estimator):
    """What is shown below scikit-learn's diagram: the network, and what "auto" became; empty before `fit`."""
    return network_svg(estimator) + resolved_html(estimator)


def resolved_html(estimator):
    """The values of parameters that are "auto", as HTML that unfolds; empty where there are none."""
    values = getattr(estimator, "resolved_params_", {})
    if not values:
        return ""
    rows = [f"<tr><td>{name}</td><td>{html.escape(repr(value))}</td></tr>" for name, value in values.items()]
    return f'<details class="skann-auto"><summary>What "auto" became</summary><table>{"".join(rows)}</table></details>'


def network_svg(estimator):
    """The network of a fitted estimator as HTML: a bar for each column, its height the logarithm of the units.

    Returns
    -------
    text : str
        Empty if the estimator is not fitted.
    """
    if not hasattr(estimator, "networks_"):
        return ""
    columns = outline(estimator)
    n_left_out = max(0, len(columns) - N_SHOWN)
    if n_left_out:
        half = N_SHOWN // 2
        columns = [*columns[:half], None, *columns[half + n_left_out :]]
    networks = estimator.networks_
    size = networks.members[0].network.theta.size
    title = f"Network: {size:,} parameters"
    if networks.is_ensemble:
        title = f"One of {len(networks.members)} networks: {size:,} parameters"
    n_lines = max(len(column.lines) for column in columns if column)
    width, height = PITCH * len(columns), HEIGHT + 34 + 14 * n_lines
    most = math.log1p(max(column.n_units for column in columns if column))
    heights = [HEIGHT * max(math.log1p(column.n_units) / most, 0.1) if column else 0 for column in columns]
    shapes = [_link(i, *heights[i - 1 : i + 1]) for i in range(1, len(columns)) if columns[i - 1] and columns[i]]
    for i, column in enumerate(columns):
        shapes.append(_bar(i, column, heights[i]) if column else _left_out(i, n_left_out))
    return (
        f'<div class="skann-network" style="overflow-x:auto"><svg role="img" aria-label="{title}" width="{width}" '
        f'height="{height}" fill="currentColor" font-family="sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="4" y="12" text-anchor="start">{title}</text>{"".join(shapes)}</svg></div>'
    )


def _centre(i):
    return PITCH * (i + 0.5), 20 + HEIGHT / 2


def _link(i, before, after):
    """The band between column i and the one before it."""
    (left, y), (right, _) = _centre(i - 1), _centre(i)
    left, right = left + BAR / 2, right - BAR / 2
    corners = (left, y - before / 2), (right, y - after / 2), (right, y + after / 2), (left, y + before / 2)
    points = " ".join(f"{x:g},{y:.0f}" for x, y in corners)
    return f'<polygon points="{points}" opacity="0.12"/>'


def _bar(i, column, height):
    x, y = _centre(i)
    top = f'<rect x="{x - BAR / 2:g}" y="{y - height / 2:.0f}" width="{BAR}" height="{height:.0f}" rx="4"/>'
    lines = [f'<tspan x="{x:g}" dy="14">{html.escape(line)}</tspan>' for line in column.lines]
    title = f'<tspan font-weight="bold">{html.escape(column.title)}</tspan>'
    return f'{top}<text x="{x:g}" y="{HEIGHT + 32}">{title}{"".join(lines)}</text>'


def _left_out(i, n):
    x, y = _centre(i)
    return f'<text x="{x:g}" y="{y:g}">… {n} more …</text>'
