"""The doctests of the callbacks need a scikit-learn that has them."""

from skann._compat import has_callbacks

collect_ignore = [] if has_callbacks() else ["skann/callbacks"]
