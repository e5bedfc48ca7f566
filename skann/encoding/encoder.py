"""`TabularEncoder`, the transformer of tables into matrices of floats."""

import copy
import warnings
from itertools import compress
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
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
from .dates import expanded_names
from .learning import learn, learn_more, remarks
from .output import encode_checked, encode_table
from .stream import TableStream
from .tables import check_table, has_columns

OF_A_WRAPPED_CALL = 3  # the stacklevel of the call of a method that scikit-learn has wrapped for `set_output`


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

    dates : {"error", "parts"}, default="error"
        What becomes of columns of dates, times and durations, in dtypes of pandas, polars or NumPy or as objects of
        Python:

        - "error": they are an error that says how to make numbers of them;
        - "parts": dates become the numeric columns ``seconds`` (since the begin of 1970), ``year``, ``month``,
          ``day_of_week`` (Monday is 0), ``hour``, and ``year_sin``, ``year_cos``, ``week_sin``, ``week_cos``,
          ``day_sin``, ``day_cos``, where in these cycles the moment is; times of day ``seconds``, ``hour``, ``day_sin``
          and ``day_cos``; durations ``seconds``. All by the clock of the column's time zone. Parts of a single value,
          such as the hour of dates without a time, vanish.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in `fit`, if all are strings.

    is_categorical_ : ndarray of bool of shape (`n_features_in_`,)
        Which features are categorical.

    date_kinds_ : list of length `n_features_in_`, or None
        "date", "time" or "duration" for each feature that holds these, None for others; None if no feature does.

    levels_ : list of length `n_features_in_`
        The sorted levels of each categorical feature, an ndarray of strings (dtype object) or numbers; None for
        numeric ones.

    n_numeric_ : int
        Number of numeric columns in the output: the first ones.

    center_, scale_ : ndarray of shape (`n_numeric_`,)
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

    is_categorical_: Array
    levels_: list[Array | None]
    n_numeric_: int
    center_: Floats
    scale_: Floats
    embedded_features_: list[tuple[int, int]]
    date_kinds_: list[str | None] | None
    _stream: TableStream | None = None  # what is known of a table that comes in several calls
    _parameter_constraints = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "max_one_hot_levels": [at_least(2, Integral)],
        "high_cardinality": [StrOptions({"embed", "infrequent"})],
        "dates": [StrOptions({"error", "parts"})],
    }

    def __init__(
        self,
        categorical_features: Categorical = "from_dtype",
        *,
        max_one_hot_levels: int = 8,
        high_cardinality: Literal["embed", "infrequent"] = "embed",
        dates: Literal["error", "parts"] = "error",
    ) -> None:
        self.categorical_features = categorical_features
        self.max_one_hot_levels = max_one_hot_levels
        self.high_cardinality = high_cardinality
        self.dates = dates

    def fit(self, X: MatrixLike, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn scales and levels.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Missing values are None, NaN, or the null of a DataFrame.
        y : Ignored
            It is there for pipelines.
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

        Warns
        -----
        UserWarning
            If strings that are taken as categories read like dates.

        Examples
        --------
        >>> import pandas as pd
        >>> from skann import TabularEncoder
        >>> X = pd.DataFrame({"size": [1.0, 2.0, None], "colour": ["red", "blue", "red"]})
        >>> TabularEncoder().fit(X).levels_
        [None, array(['blue', 'red'], dtype=object)]
        """
        self.__dict__ = vars(self._learn(X, sample_weight)[0])
        for message in remarks(self):
            warnings.warn(message, UserWarning, stacklevel=2)
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
        output; in a sparse matrix whatever is not zero varies. After `fit` there is nothing more to learn.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            One row or more.
        y : Ignored
            It is there for pipelines.
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

        Examples
        --------
        >>> import pandas as pd
        >>> from skann import TabularEncoder
        >>> X = pd.DataFrame({"size": [1.0, 2.0, None], "colour": ["red", "blue", "red"]})
        >>> encoder = TabularEncoder().partial_fit(X[:2]).partial_fit(X[2:])
        >>> encoder.embedded_features_  # column 3 is the code of a colour, with room for more of them
        [(3, 100)]
        """
        if not hasattr(self, "numeric_columns_"):
            self.__dict__ = vars(self._learn(X, sample_weight, is_stream=True)[0])
            for message in remarks(self):
                warnings.warn(message, UserWarning, stacklevel=2)
            return self
        check_parameters(self)
        X = self._check(X, reset=False)
        weight = check_weight(sample_weight, X, np.float64)
        fitted, _, messages = learn_more(self, X, weight, nonzero_rows(weight))
        for message in messages:
            warnings.warn(message, UserWarning, stacklevel=2)
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
            Of float32 if every numeric column of X is, else float64.

        Raises
        ------
        ValueError, TypeError
            If X does not have the columns of `fit`, or a column can't be what it was there.

        Examples
        --------
        >>> import pandas as pd
        >>> from skann import TabularEncoder
        >>> X = pd.DataFrame({"size": [1.0, 2.0, None], "colour": ["red", "blue", "red"]})
        >>> encoder = TabularEncoder().fit(X)
        >>> encoder.transform(X[2:])  # the size, whether it is missing, and the colour
        array([[0., 1., 1.]])
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
            It is there for pipelines.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`. Rows of weight zero are encoded too.

        Returns
        -------
        encoded : {ndarray, CSR matrix} of shape (n_samples, n_encoded)

        Examples
        --------
        >>> import pandas as pd
        >>> from skann import TabularEncoder
        >>> X = pd.DataFrame({"size": [1.0, 2.0, None], "colour": ["red", "blue", "red"]})
        >>> TabularEncoder().fit_transform(X).shape
        (3, 3)
        """
        fitted, table = self._learn(X, sample_weight)
        encoded = encode_table(fitted, table)
        self.__dict__ = vars(fitted)
        for message in remarks(fitted):
            warnings.warn(message, UserWarning, stacklevel=OF_A_WRAPPED_CALL)
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
            ``<feature>_<level>`` for one-hot columns, ``<feature>_<part>`` for parts of dates.

        Examples
        --------
        >>> import pandas as pd
        >>> from skann import TabularEncoder
        >>> X = pd.DataFrame({"size": [1.0, 2.0, None], "colour": ["red", "blue", "red"]})
        >>> list(TabularEncoder().fit(X).get_feature_names_out())
        ['size', 'missingindicator_size', 'colour_red']
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        features = numbers = names[~self.is_categorical_]
        if self.date_kinds_ is not None:
            kinds = compress(self.date_kinds_, ~self.is_categorical_)
            numbers, features = expanded_names(features, list(kinds))
        numeric = self.numeric_columns_.names(numbers, features)
        return np.array(numeric + self.categorical_columns_.names(names[self.is_categorical_]), dtype=object)

    def _learn(self, X, sample_weight, is_stream=False):
        """A fitted copy, so that a failure leaves this encoder as it was, and the `Table` read from X."""
        check_parameters(self)
        fitted = copy.copy(self)
        X = fitted._check(X, reset=True)
        weight = check_weight(sample_weight, X, np.float64)
        return learn(fitted, X, weight, nonzero_rows(weight), is_stream)

    def _check(self, X, reset):
        """X after the checks of its shape, and of its columns against those of `fit`, which ``reset`` sets."""
        check_feature_names(self, X, reset)
        X = check_table(X, type(self).__name__)
        check_n_features(self, X, reset)
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.categorical_features is None or isinstance(self.categorical_features, str)
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
