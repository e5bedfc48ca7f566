"""What every loss ends with: its mean over the rows."""


def mean_over_rows(loss, weight, delta):
    """Mean of weight x loss over the rows; turns ``delta``, the derivative row by row, into that of the mean."""
    n_rows = len(loss)
    delta *= 1 / n_rows
    if weight is None:
        return float(loss.sum()) / n_rows
    delta *= weight[:, None]
    return float(loss @ weight) / n_rows
