"""`TabularEncoder`, the transformer of tables into matrices of floats."""

import copy
import warnings
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._compat import (
    StrOptions,
    at_least,
    check_feature_names,
    check_feature_names_in,
    check_n_features,
    check_parameters,
)
from .._estimator import Estimator
from .._typing import Array, ArrayLike, Categorical, Floats, MatrixLike
from .._weights import check_weight, nonzero_rows
from .columns import categorical_mask, split
from .levels import CategoricalColumns
from .numbers import NumericColumns
from .reading import check_table, column_names, has_columns, read_columns
from .stream import TableStream


class TabularEncoder(TransformerMixin, Estimator):
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
        Index of each code column in the output, always the last ones, and the number of its levels L, after
        `partial_fit` of those that there is room for: its codes are 0 to L.

    numeric_columns_, categorical_columns_ : NumericColumns, CategoricalColumns
        What was learnt about either kind of columns. The output is that of the first, then that of the second.

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

    def partial_fit(self, X: MatrixLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from some rows of a table that comes in several calls.

        The first call fixes the columns of the output, so it should have the dtypes and many of the levels that are to
        come. No column vanishes, each has an indicator of missing values (those of a sparse matrix if the first call
        has some), and categorical columns become code columns with room for at least 100 levels, and for twice as many
        as there are in the first call or in its category dtype. With ``high_cardinality="infrequent"`` the levels get
        the one-hot columns in the order in which they come, those of one call in that of their frequency.

        Scales are learnt, as by `fit`, from all rows so far until there are 1000, which are kept until then, and then
        stand fast; a column with fewer than 100 values away from its centre goes on learning, from rows where this or
        another such column is not at its centre, of which up to 1000 are kept. Until it varies, a column is 0 in the
        output; in a sparse matrix whatever is not zero varies.

        After `fit` there is nothing more to learn: what it learnt stays as it is.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            One row or more.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`. Rows of weight zero are not among the 1000.

        Returns
        -------
        self : TabularEncoder

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described; the encoder is then as it was before.

        Warns
        -----
        UserWarning
            If a column has more levels than there is room for, which count as unseen, or a sparse column without an
            indicator has missing values, which count as 0. It is said once.
        """
        is_first = not hasattr(self, "numeric_columns_")
        check_parameters(self)
        fitted = copy.copy(self)
        X = fitted._check(X, reset=is_first)
        weight = check_weight(sample_weight, X, np.float64)
        if is_first:
            fitted._begin_stream(X, weight, nonzero_rows(weight))
        else:
            fitted, _, messages = learn_more_checked(fitted, X, weight, nonzero_rows(weight))
            for message in messages:
                warnings.warn(message, UserWarning, stacklevel=2)
        self.__dict__ = fitted.__dict__
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
        if not has_columns(X, getattr(self, "feature_names_in_", None)):  # the checks take as long as a small network
            X = self._check(X, reset=False)
        return encode_checked(self, X)

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
        fitted, table = self._learn(X, sample_weight)
        encoded = fitted._encode_table(table)
        self.__dict__ = vars(fitted)
        return encoded

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
        numeric = self.numeric_columns_.names(names[~self.is_categorical_])
        return np.array(numeric + self.categorical_columns_.names(names[self.is_categorical_]), dtype=object)

    @property
    def n_numeric_(self) -> int:
        """Number of numeric columns in the output."""
        return len(self.numeric_columns_.scale)

    @property
    def center_(self) -> Floats:
        """What is subtracted from the numeric columns."""
        return self.numeric_columns_.center

    @property
    def scale_(self) -> Floats:
        """By what the numeric columns are divided."""
        return self.numeric_columns_.scale

    @property
    def levels_(self) -> list[Array | None]:
        """The sorted levels of each feature, None for numeric ones."""
        levels = iter([table.levels for table in self.categorical_columns_.tables])
        return [next(levels) if is_categorical else None for is_categorical in self.is_categorical_]

    @property
    def embedded_features_(self) -> list[tuple[int, int]]:
        """Index in the output and greatest code of each code column."""
        n_levels = self.categorical_columns_.n_levels
        return list(enumerate(n_levels, start=n_encoded(self) - len(n_levels)))

    def _learn(self, X, sample_weight):
        """A fitted copy, so that a failure leaves this encoder as it was, and the `Table` read from X."""
        check_parameters(self)
        fitted = copy.copy(self)
        X = fitted._check(X, reset=True)
        weight = check_weight(sample_weight, X, np.float64)
        return fitted, fitted._learn_columns(X, weight, nonzero_rows(weight))

    def _check(self, X, reset):
        """X after the checks of its shape, and of its columns against those of `fit`, which ``reset`` sets."""
        check_feature_names(self, X, reset)
        X = check_table(X, type(self).__name__)
        check_n_features(self, X, reset)
        return X

    def _learn_columns(self, X, weight, rows):
        """Set what the encoder learns from these rows; return the `Table` of all rows of X."""
        vars(self).pop("_stream", None)
        weight = weight if weight is None or rows is None else weight[rows]
        weight = None if weight is None or np.ptp(weight) == 0 else weight
        table = self._first_table(X)
        self.numeric_columns_ = NumericColumns.learn(table.numbers, rows, weight, table.number_names)
        self.categorical_columns_ = CategoricalColumns.learn(
            table.categories, rows, weight, self.max_one_hot_levels, self.high_cardinality
        )
        return table

    def _begin_stream(self, X, weight, rows):
        """Set what the encoder learns from the first rows of a stream; return the `Table` of all rows of X."""
        weight = weight if weight is None or rows is None else weight[rows]
        table = self._first_table(X)
        has_codes = self.high_cardinality == "embed"
        self._take(TableStream.begin(table, rows, weight, self.max_one_hot_levels, has_codes))
        return table

    def _take(self, stream):
        """Set what is known of a stream."""
        self._stream = stream
        self.numeric_columns_, self.categorical_columns_ = stream.numeric_columns(), stream.categorical_columns()

    def _first_table(self, X):
        """The `Table` of X; sets which columns are categorical."""
        names, categorical_features = column_names(X), self.categorical_features
        by_dtype = categorical_features is None or isinstance(categorical_features, str)
        columns = read_columns(X, names, as_matrix=by_dtype)
        self.is_categorical_ = categorical_mask(categorical_features, columns, names)
        return split(columns, self.is_categorical_, names)

    def _encode_table(self, table, dtype=None):
        """A `Table` encoded in ``dtype``; None means float32 if its numbers are, else float64."""
        numeric, categorical = self.numeric_columns_, self.categorical_columns_
        if dtype is None:
            dtype = np.float32 if table.numbers.dtype == np.float32 else np.float64
        if sparse.issparse(table.numbers):
            return numeric.encode_sparse(table.numbers, table.number_names, dtype)
        encoded = np.empty((table.numbers.shape[0], n_encoded(self)), dtype)
        numeric.encode(table.numbers, table.number_names, encoded[:, : numeric.n_encoded])
        categorical.encode(table.categories, table.category_names, encoded[:, numeric.n_encoded :])
        return encoded

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.categorical_features is None or isinstance(self.categorical_features, str)
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def fit_checked(categorical_features, X, weight, rows, dtype, feature_names, is_stream=False):
    """A new encoder fitted to some rows of a table that `check_table` has passed, and all rows encoded.

    Parameters
    ----------
    categorical_features
        The encoder's parameter.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
    weight : ndarray of shape (n_rows,) or None
        Checked.
    rows : ndarray of int or None
        The rows to learn from, all of a weight above zero. None: every row of such a weight.
    dtype : dtype
        Of the encoded rows.
    feature_names : ndarray of str or None
        The ``feature_names_in_`` of the encoder; not copied, so that a pickle of an estimator holds them once.
    is_stream : bool, default=False
        Whether more rows are to come, as with `TabularEncoder.partial_fit`.

    Returns
    -------
    encoder : TabularEncoder
    encoded : {ndarray, CSR matrix} of shape (n_rows, n_encoded)
    """
    encoder = TabularEncoder(categorical_features)
    check_parameters(encoder)
    encoder.n_features_in_ = X.shape[1]
    if feature_names is not None:
        encoder.feature_names_in_ = feature_names
    rows = nonzero_rows(weight) if rows is None else np.sort(rows)
    table = (encoder._begin_stream if is_stream else encoder._learn_columns)(X, weight, rows)
    return encoder, encoder._encode_table(table, dtype)


def learn_more_checked(encoder, X, weight, rows):
    """What an encoder knows after some more rows of a stream.

    Parameters
    ----------
    encoder : TabularEncoder
        Fitted; it stays as it is.
    X, weight, rows
        As in `fit_checked`.

    Returns
    -------
    encoder : TabularEncoder
        Another one, or the same if it does not learn from a stream.
    table : Table
        X as it is read.
    messages : list of str
        What to warn of.
    """
    table, stream = _read(encoder, X), getattr(encoder, "_stream", None)
    if stream is None:
        return encoder, table, []
    weight = weight if weight is None or rows is None else weight[rows]
    encoder = copy.copy(encoder)
    stream, messages = stream.after(table, rows, weight)
    encoder._take(stream)
    return encoder, table, messages


def frozen(encoder):
    """A copy of a fitted encoder that learns no more."""
    encoder = copy.copy(encoder)
    vars(encoder).pop("_stream", None)
    return encoder


def encode_checked(encoder, X, dtype=None):
    """A table that `check_table` has passed, encoded in ``dtype``; None means the dtype that `transform` gives."""
    return encoder._encode_table(_read(encoder, X), dtype)


def _read(encoder, X):
    """The `Table` that X is for a fitted encoder."""
    stream = getattr(encoder, "_stream", None)
    learns_dense = stream is not None and not stream.numbers.is_sparse
    if sparse.issparse(X) and (learns_dense or encoder.center_.any() or encoder.is_categorical_.any()):
        X = X.toarray()
    names = column_names(X)
    columns = read_columns(X, names, as_matrix=not encoder.is_categorical_.any())
    return split(columns, encoder.is_categorical_, names)


def n_encoded(encoder):
    """Number of columns of the output of a fitted encoder."""
    return encoder.numeric_columns_.n_encoded + encoder.categorical_columns_.n_encoded
