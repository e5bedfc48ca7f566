"""What the displays share."""

from sklearn.pipeline import Pipeline

SIZE = (6, 4)  # inches, of a new figure with one drawing


FROM_AXES = 3.8  # lines of text: where a legend is off the tick labels and the label of the axis


def last_step(estimator):
    """The estimator itself, or the last one of a pipeline."""
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def pyplot(caller):
    """``matplotlib.pyplot``, imported when it is needed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: pip install matplotlib, or skann[plot].") from error
    return plt


def legend_below(ax, handles=None, n_columns=3):
    """The legend of some Axes, off the data: below the label of the horizontal axis."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    return ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=FROM_AXES,
        ncols=min(n_columns, len(handles)), frameon=False, fontsize="small",
    )  # fmt: skip
