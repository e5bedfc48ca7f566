"""The first rows of a stream: what statistics are learnt from before they stand fast."""

import numpy as np
from scipy import sparse

N_ROWS = 1000  # how many of them: with these, quartiles are known to about a tenth of the interquartile range


class FirstRows:
    """Rows with their weights. `joined` makes others of them; nothing is changed in place.

    Parameters
    ----------
    rows : {ndarray, CSR matrix} of shape (n_rows, n_columns)
    weight : ndarray of shape (n_rows,), default=None
        None where all are 1.
    """

    def __init__(self, rows, weight=None):
        self.rows, self.weight = rows, weight

    def joined(self, rows, weight=None):
        """These and more rows."""
        if weight is not None or self.weight is not None:
            both = [(self.rows, self.weight), (rows, weight)]
            weight = np.concatenate([np.ones(x.shape[0]) if w is None else w for x, w in both])
        if sparse.issparse(rows):
            return FirstRows(sparse.vstack([self.rows, rows], format="csr"), weight)
        return FirstRows(np.concatenate([self.rows, rows]), weight)

    def taken(self, rows, columns=slice(None)):
        """Those rows and columns of it, copied."""
        return FirstRows(self.rows[rows][:, columns], None if self.weight is None else self.weight[rows])

    def __getstate__(self):
        """The state of arrays alone, so that a stored model needs no type of SciPy's."""
        if not sparse.issparse(self.rows):
            return vars(self)
        parts = [self.rows.data, self.rows.indices, self.rows.indptr]
        return {"parts": parts, "shape": list(self.rows.shape), "weight": self.weight}

    def __setstate__(self, state):
        rows = state["rows"] if "rows" in state else sparse.csr_matrix(tuple(state["parts"]), tuple(state["shape"]))
        self.rows, self.weight = rows, state["weight"]

    @property
    def are_enough(self):
        """Whether there are `N_ROWS`."""
        return self.rows.shape[0] >= N_ROWS

    @property
    def unequal_weight(self):
        """The weights, or None where all are the same."""
        return None if self.weight is None or np.ptp(self.weight) == 0 else self.weight
