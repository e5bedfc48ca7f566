"""Pictures of formulas, drawn by skann's own code when the site is made; pages show them as ``/pictures/NAME.svg``."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from skann.encoding.numbers import smooth_clip
from skann.engine.activations import ACTIVATIONS, Mish
from skann.engine.averaging import WeightAverage
from skann.engine.embeddings import Periodic, PiecewiseLinear
from skann.engine.layers import ParametricActivation
from skann.engine.schedules import CosLog4, FlatCosine

WIDTH = 7.0


def output(layer, x, **parameters):
    """What a layer with these parameters computes of x (n_rows, n_in)."""
    layer.bind(parameters, None)
    return layer.forward(x, layer.buffers(len(x), x.dtype, training=False))


def slope(activation, z):
    """The derivative of an activation at z (n_rows, 1), by its own backward pass."""
    z, delta = z.copy(), np.ones_like(z)
    a = np.empty_like(z) if activation.two_buffers else z
    activation.forward(z, a)
    activation.backward(z, a, delta)
    return delta


def activations():
    """Each activation but the identity, and its derivative."""
    shown = [name for name in ACTIVATIONS if name != "identity"]
    n_rows = -(-len(shown) // 5)
    size = (WIDTH, 1.8 * n_rows)
    figure, axes = plt.subplots(n_rows, 5, figsize=size, sharex=True, sharey=True, layout="constrained")
    for ax in axes.flat[len(shown) :]:
        ax.set_axis_off()
    z = np.linspace(-3, 3, 300)[:, None]
    for ax, name in zip(axes.flat, shown, strict=False):
        a = z.copy()
        ACTIVATIONS[name]().forward(z.copy(), a)
        ax.axhline(0, color="0.8", linewidth=0.8)
        (line,) = ax.plot(z, a)
        (derivative,) = ax.plot(z, slope(ACTIVATIONS[name](), z), "--", linewidth=1)
        ax.set(title=name, ylim=(-1.9, 3.1))
    figure.legend([line, derivative], ["σ(z)", "σ'(z)"], loc="outside lower center", ncols=2, frameon=False)
    return figure


def parametric_activation():
    """Mish for several p, and its derivative."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharex=True, layout="constrained")
    z = np.linspace(-4, 4, 400)[:, None]
    for p, style in ((0.0, ":"), (0.5, "--"), (1.0, "-"), (1.5, "-.")):
        a = output(ParametricActivation(1, Mish()), z, p=np.array([p]))
        axes[0].plot(z, a, style, label=f"p = {p:g}")
        axes[1].plot(z, 1 - p + p * slope(Mish(), z), style)
    axes[0].set(title="z + p (Mish(z) - z)", xlabel="z")
    axes[1].set(title="its derivative", xlabel="z")
    axes[0].legend(frameon=False)
    return figure


def smooth_clips():
    """The smooth clip beside a hard one, and what it does to a skewed column."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), layout="constrained")
    z = np.linspace(-9, 9, 400)
    axes[0].plot(z, smooth_clip(z.copy()), label="smooth clip")
    axes[0].plot(z, np.clip(z, -3, 3), ":", color="0.5", label="hard clip")
    axes[0].set(xlabel="(x - median) / interquartile range", title="nothing passes 3")
    axes[0].legend(frameon=False)
    x = np.random.default_rng(0).lognormal(sigma=1.5, size=4000)
    below, center, above = np.quantile(x, (0.25, 0.5, 0.75))
    standard, robust = (x - x.mean()) / x.std(), smooth_clip((x - center) / (above - below))
    bins = np.linspace(-1, 6, 57)
    axes[1].hist(standard, bins, alpha=0.6, color="0.6", label="standardised, up to " + f"{standard.max():.0f}")
    axes[1].hist(robust, bins, alpha=0.7, label="as encoded, up to 3")
    axes[1].set(xlabel="value", ylabel="rows", title="a skewed column")
    axes[1].legend(frameon=False)
    return figure


def numeric_embeddings():
    """What a column becomes at the start (periodic), and with weights (piecewise linear)."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharex=True, layout="constrained")
    x = np.linspace(-3, 3, 400)[:, None]
    layer = Periodic(1, sigma=0.3)
    layer.bind({name: np.empty(shape) for name, shape in layer.shapes.items()}, None)
    layer.initialize(np.random.default_rng(3))
    features = layer.forward(x, layer.buffers(len(x), float, training=False))
    axes[0].plot(x, features[:, 0], ":", color="0.5", label="the column itself")
    axes[0].plot(x, features[:, 1:])
    axes[0].set(title="periodic, as it starts: four features", xlabel="x, encoded", ylim=(-3, 3))
    axes[0].legend(frameon=False)
    edges = np.array([[-1.5, -0.5, 0, 0.5, 1.5]])
    layer = PiecewiseLinear(edges, n_features=1)
    start = output(layer, x, v=np.ones((1, 1)) / 2, W=np.zeros((1, 4, 1)), b=np.zeros((1, 1)))
    weights = np.array([0.8, -1.5, 1.6, -0.9]).reshape(1, 4, 1)
    learnt = output(layer, x, v=np.ones((1, 1)) / 2, W=weights, b=np.zeros((1, 1)))
    for edge in edges.ravel():
        axes[1].axvline(edge, color="0.85", linewidth=0.8)
    axes[1].plot(x, start, ":", color="0.5", label="start: W = 0")
    axes[1].plot(x, learnt, label="with weights W")
    axes[1].set(title="piecewise linear: a feature, four bins", xlabel="x, encoded", ylim=(-3, 3))
    axes[1].legend(frameon=False)
    return figure


def schedules():
    """Learning rate and fading in the course of a training, and how far an average of the weights reaches back."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), layout="constrained")
    t = np.arange(1001)
    axes[0].plot(t / 1000, [CosLog4(1.0, 1000)(each) for each in t], label="learning rate")
    axes[0].plot(t / 1000, [FlatCosine(1.0, 1000)(each) for each in t], "--", label="dropout, decay")
    axes[0].set(xlabel="share of the planned steps", ylabel="share of the value", ylim=(-0.03, 1.3))
    axes[0].set_title("four cycles, and what fades")
    axes[0].legend(frameon=False, loc="upper center", ncols=2, fontsize="small")
    for n_steps, style in ((10, ":"), (100, "--"), (1000, "-")):
        shares = shares_of_steps(0.99, n_steps)[::-1][:300]
        axes[1].plot(np.arange(len(shares)), shares, style, label=f"after {n_steps} steps")
    axes[1].set(xlabel="steps ago", ylabel="share", yscale="log", ylim=(1e-4, 1))
    axes[1].set_title("weights of past steps in the average")
    axes[1].legend(frameon=False)
    return figure


def shares_of_steps(decay, n_steps):
    """How much the parameters of each step count in an average, the start first."""
    average = WeightAverage(decay, np.eye(n_steps + 1)[0])
    for t in range(1, n_steps + 1):
        average.update(np.eye(n_steps + 1)[t])
    return average.average


PICTURES = {
    "activations": activations,
    "parametric_activation": parametric_activation,
    "smooth_clip": smooth_clips,
    "numeric_embeddings": numeric_embeddings,
    "schedules": schedules,
}


def draw(folder):
    """Draw all pictures into a folder."""
    folder.mkdir(exist_ok=True)
    style = {"font.size": 10, "axes.titlesize": 10, "axes.spines.top": False, "axes.spines.right": False}
    with plt.rc_context(style | {"svg.hashsalt": "skann"}):  # the same file from the same code
        for name, picture in PICTURES.items():
            figure = picture()
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            plt.close(figure)


def setup(app):
    draw(Path(app.srcdir) / "pictures")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
