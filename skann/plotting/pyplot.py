"""What the displays share."""

from sklearn.pipeline import Pipeline


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
