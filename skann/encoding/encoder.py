"""From a table as it comes to the float matrix that a network learns from: numbers scaled, categories encoded."""

import copy
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._compat import StrOptions, at_least, check_feature_names_in, check_parameters
from .._estimator import DocLink, Versioned
from .._typing import Array, ArrayLike, Categorical, Floats, MatrixLike
from .._weights import check_weight
from .columns import Coded, split
from .levels import learn_levels, level_table
from .numbers import (
    canonical,
    indicate_stored,
    missing_numbers,
    missing_stored,
    robust_scales,
    scale_stored,
    smooth_clip,
    sparse_scales,
)
from .reading import check_table, column_names, read_columns

BLOCK = 32768  # numbers encoded at a time, so that they stay in the processor's cache


class TabularEncoder(DocLink, TransformerMixin, Versioned, BaseEstimator):
    """Encode a table for a neural network: scaled numbers, one-hot and code columns, no missing values.

    Arrays, pandas and polars DataFrames with columns of any mixture of numbers, booleans, strings and categories, and
    sparse matrices of numbers. Values may be missing, and levels unseen in `fit` may come later. Columns of a single
    value vanish. The output holds, in this order,

    - *numeric columns*: (x - median) / interquartile range, or, where that is 0, / the median distance from the median
      of the values that differ from it, then the smooth clip f(z) = z / sqrt(1 + (z / 3)^2), which lies between -3 and
      3. A missing value becomes 0, the centre;
    - *indicator columns*: 1 where a value is missing, 0 elsewhere, for each column, numeric or categorical, with
      missing values in `fit`;
    - *one-hot columns* of categorical columns with few levels: 1 for the row's level and 0 for the others; for two
      levels one column of -1 and 1. An unseen or missing level is all 0;
    - *code columns* of categorical columns with many levels: 1, 2, ... for the levels in sorted order, 0 for unseen
      and missing ones. They are for an embedding layer; with ``high_cardinality="infrequent"`` there are none.

    A sparse matrix stays sparse and is not centred: each column is divided by the mean size of its values that are
    not zero, then f is applied.

    Parameters
    ----------
    categorical_features : array-like of {bool, int, str} or "from_dtype" or None, default="from_dtype"
        Which columns are categorical:

        - "from_dtype": those of strings or of a category dtype (``category``, ``Categorical``, ``Enum``). Booleans
          are the numbers 0 and 1;
        - array-like of bool: a mask of shape (n_features,);
        - array-like of int or str: numbers or names of the columns. Columns of numbers may be among them;
        - None: no column. Strings that read like numbers are then taken as such, others are an error.

    max_one_hot_levels : int, default=8
        Categorical columns with more levels than this are encoded as ``high_cardinality`` says.

    high_cardinality : {"embed", "infrequent"}, default="embed"
        - "embed": one code column;
        - "infrequent": ``max_one_hot_levels`` one-hot columns, the last of which stands for all levels but the most
          frequent ones, unseen levels included.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features seen in `fit`, if all are strings.

    is_categorical_ : ndarray of bool of shape (n_features_in_,)
        Which features are categorical.

    levels_ : list of length n_features_in_
        The sorted levels of each categorical feature, an ndarray of strings (dtype object) or numbers; None for
        numeric ones.

    n_numeric_ : int
        Number of numeric columns in the output: the first ones.

    center_, scale_ : ndarray of shape (n_numeric_,)
        What is subtracted from them, and by what they are then divided.

    embedded_features_ : list of (int, int)
        Index of each code column in the output, always the last ones, and the number of its levels L: its codes
        are 0 to L.

    Notes
    -----
    Quantiles are those of ``numpy.quantile`` with ``method="inverted_cdf"``, weighted by ``sample_weight``: integer
    weights are the same as repeated rows, and rows of weight zero have no influence at all.

    Median, interquartile range and smooth clip are the preprocessing of RealMLP [1]_.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
       Tabular Data", NeurIPS 2024.

    Examples
    --------
    >>> import pandas as pd
    >>> from skann.encoding import TabularEncoder
    >>> X = pd.DataFrame({"size": [1.0, 2.0, None, 4.0], "colour": ["red", "blue", "red", "green"]})
    >>> encoder = TabularEncoder().set_output(transform="pandas")
    >>> encoder.fit_transform(X)
           size  missingindicator_size  colour_blue  colour_green  colour_red
    0 -0.331295                    0.0          0.0           0.0         1.0
    1  0.000000                    0.0          1.0           0.0         0.0
    2  0.000000                    1.0          0.0           0.0         1.0
    3  0.650791                    0.0          0.0           1.0         0.0
    """

    _parameter_constraints = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "max_one_hot_levels": [at_least(2, Integral)],
        "high_cardinality": [StrOptions({"embed", "infrequent"})],
    }

    def __init__(
        self,
        categorical_features: Categorical = "from_dtype",
        *,
        max_one_hot_levels: int = 8,
        high_cardinality: Literal["embed", "infrequent"] = "embed",
    ) -> None:
        self.categorical_features = categorical_features
        self.max_one_hot_levels = max_one_hot_levels
        self.high_cardinality = high_cardinality

    def fit(self, X: MatrixLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn scales and levels.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Missing values are None, NaN, or the null of a DataFrame.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative, at least one above zero.

        Returns
        -------
        self : TabularEncoder

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described; it names the parameter or the column. The encoder is then
            as it was before.
        """
        fitted, _ = self._learn(X, sample_weight)
        self.__dict__ = vars(fitted)
        return self

    def transform(self, X: MatrixLike) -> Floats:
        """Encode a table.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        encoded : {ndarray, CSR matrix} of shape (n_samples, n_encoded)
            float32 if every numeric column of X is, else float64.

        Raises
        ------
        ValueError, TypeError
            If X does not have the columns of `fit`, or a column can't be what it was there.
        """
        check_is_fitted(self)
        return self._encode(check_table(self, X, reset=False))

    def fit_transform(self, X: MatrixLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Floats:
        """Fit to X, then encode it: the same as ``fit(X).transform(X)``, but X is read only once.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`. Rows of weight zero are encoded too.

        Returns
        -------
        encoded : {ndarray, CSR matrix} of shape (n_samples, n_encoded)
        """
        return self._fit_encode(X, sample_weight)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Names of the output's columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features where `fit` saw none; otherwise they must be those of `fit`.

        Returns
        -------
        names : ndarray of str objects
            That of the feature for numeric and code columns, ``missingindicator_<feature>`` for indicators,
            ``<feature>_<level>`` for one-hot columns.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        numeric, categorical = names[~self.is_categorical_], names[self.is_categorical_]
        with_indicator = [*numeric[self._number_indicators], *categorical[self._category_indicators]]
        encoded = [*numeric[self._kept], *(f"missingindicator_{name}" for name in with_indicator)]
        for i in self._order:
            encoded += self._level_tables[i].names(categorical[i])
        return np.array(encoded, dtype=object)

    def _fit_encode(self, X, sample_weight, dtype=None):
        """`fit`, then `_encode`."""
        fitted, table = self._learn(X, sample_weight)
        encoded = fitted._encode_table(table, dtype)
        self.__dict__ = vars(fitted)
        return encoded

    def _learn(self, X, sample_weight):
        """A fitted copy, so that a failure leaves this encoder as it was, and the `Table` read from X."""
        check_parameters(self)
        fitted = copy.copy(self)
        X = check_table(fitted, X, reset=True)
        weight = check_weight(sample_weight, X, np.float64)
        rows = None if weight is None or weight.all() else np.flatnonzero(weight)
        weight = None if weight is None or np.ptp(weight[weight > 0]) == 0 else weight[weight > 0]

        names = column_names(X)
        by_dtype = self.categorical_features is None or isinstance(self.categorical_features, str)
        columns = read_columns(X, names, as_matrix=by_dtype)
        fitted.is_categorical_ = _categorical_mask(self.categorical_features, columns, names)
        table = split(columns, fitted.is_categorical_, names)
        fitted._learn_scales(table, rows, weight)
        fitted._learn_levels(table, rows, weight)
        return fitted, table

    def _learn_scales(self, table, rows, weight):
        scales = sparse_scales if sparse.issparse(table.numbers) else robust_scales
        center, scale, has_missing = scales(table.numbers, rows, weight, table.number_names)
        self._kept = slice(None) if scale.all() else np.flatnonzero(scale)
        self._number_indicators = np.flatnonzero(has_missing)
        self.center_, self.scale_ = center[self._kept], scale[self._kept]
        self.n_numeric_ = len(self.scale_)

    def _learn_levels(self, table, rows, weight):
        self._level_tables, has_missing = [], np.zeros(len(table.categories), bool)
        for i, column in enumerate(table.categories):
            levels, level_weight, has_missing[i] = learn_levels(column, rows, weight)
            self._level_tables.append(level_table(levels, level_weight, self.max_one_hot_levels, self.high_cardinality))
        self._category_indicators = np.flatnonzero(has_missing)
        self._order = sorted(range(len(has_missing)), key=lambda i: self._level_tables[i].is_code)  # code columns last
        self._set_level_attributes()

    def _set_level_attributes(self):
        self.levels_ = [None] * self.n_features_in_
        for j, table in zip(np.flatnonzero(self.is_categorical_), self._level_tables, strict=True):
            self.levels_[j] = table.levels
        n_indicators = len(self._number_indicators) + len(self._category_indicators)
        self._n_encoded = self.n_numeric_ + n_indicators + sum(table.n_columns for table in self._level_tables)
        n_levels = [len(self._level_tables[i].levels) for i in self._order if self._level_tables[i].is_code]
        self.embedded_features_ = list(enumerate(n_levels, start=self._n_encoded - len(n_levels)))

    def _encode(self, X, dtype=None):
        """Encode what `check_table` has passed, in float32, float64, or for None in the dtype of `transform`."""
        if sparse.issparse(X) and (self.center_.any() or self.is_categorical_.any()):
            X = X.toarray()
        names = column_names(X)
        columns = read_columns(X, names, as_matrix=not self.is_categorical_.any())
        return self._encode_table(split(columns, self.is_categorical_, names), dtype)

    def _encode_table(self, table, dtype=None):
        if dtype is None:
            dtype = np.float32 if table.numbers.dtype == np.float32 else np.float64
        if sparse.issparse(table.numbers):
            return self._encode_sparse(table, dtype)
        encoded = np.empty((table.numbers.shape[0], self._n_encoded), dtype)
        self._encode_numbers(table, encoded)
        self._encode_categories(table, encoded)
        return encoded

    def _encode_numbers(self, table, encoded):
        """Fill the numeric columns and their indicators, in float64 block by block."""
        numeric = slice(0, self.n_numeric_)
        indicators = slice(self.n_numeric_, self.n_numeric_ + len(self._number_indicators))
        n_rows = max(1, BLOCK // max(1, table.numbers.shape[1]))
        for start in range(0, len(encoded), n_rows):
            numbers, block = table.numbers[start : start + n_rows], encoded[start : start + n_rows]
            missing = missing_numbers(numbers, table.number_names)
            with np.errstate(over="ignore"):
                z = np.subtract(numbers[:, self._kept], self.center_, dtype=np.float64)
                z /= self.scale_
            smooth_clip(z)
            block[:, indicators] = 0
            if missing is not None:
                z[missing[:, self._kept]] = 0
                block[:, indicators] = missing[:, self._number_indicators]
            block[:, numeric] = z

    def _encode_categories(self, table, encoded):
        """Fill the indicators of categorical columns, the one-hot and the code columns."""
        start = self.n_numeric_ + len(self._number_indicators)
        for i in self._category_indicators:
            encoded[:, start] = table.categories[i].codes < 0
            start += 1
        for i in self._order:
            levels, column, name = self._level_tables[i], table.categories[i], table.category_names[i]
            stop = start + levels.n_columns
            encoded[:, start:stop] = levels.encode(column, name)
            start = stop

    def _encode_sparse(self, table, dtype):
        X = canonical(table.numbers.tocsr())
        missing_stored(X, table.number_names)  # an infinite value is an error in any column
        scaled = scale_stored(X[:, self._kept], self.scale_, dtype)
        if len(self._number_indicators) == 0:
            return scaled
        indicators = indicate_stored(X[:, self._number_indicators], dtype)
        return sparse.hstack([scaled, indicators], format="csr")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.categorical_features is None or isinstance(self.categorical_features, str)
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _categorical_mask(categorical_features, columns, names):
    """Mask of the categorical columns, as the parameter says."""
    mask = np.zeros(len(names), bool)
    if categorical_features is None:
        return mask
    if isinstance(categorical_features, str):  # "from_dtype"
        mask[:] = [isinstance(column, Coded) for column in columns] if isinstance(columns, list) else False
        return mask
    features = np.asarray(categorical_features)
    if features.dtype.kind == "b":
        if features.shape != mask.shape:
            raise ValueError(
                f"categorical_features as a mask must have shape ({len(names)},), as X has {len(names)} columns, got "
                f"shape {features.shape}."
            )
        mask[:] = features
    else:
        mask[[_column_index(feature, names) for feature in features.ravel().tolist()]] = True
    if mask.any() and sparse.issparse(columns):
        raise ValueError("categorical_features must be empty for a sparse X: make it a dense array.")
    return mask


def _column_index(feature, names):
    """Index of a column given by its index or name."""
    is_index = isinstance(feature, int) and not isinstance(feature, bool)
    if is_index and 0 <= feature < len(names):
        return feature
    if isinstance(feature, str) and feature in names:
        return list(names).index(feature)
    raise ValueError(
        f"categorical_features must hold names or indices of columns, or be a mask, got {feature!r}; the {len(names)} "
        f"columns of X are {'without names' if isinstance(names, range) else names}."
    )
