"""Every public object has a docstring with an example: what `skann` and its rooms list, and the methods of classes.

The examples run as doctests, since pytest collects those of all modules.
"""

import doctest

from tests.public import public

# What scikit-learn calls, and what needs SHAP, which is in another environment: tests/ecosystem.
NOT_CALLED = ("setup", "teardown", "on_fit_task_begin", "on_fit_task_end")
ELSEWHERE = ("skann.inspection.expected_gradients.Attributions.to_shap",)


def needs_example(name, each):
    return not isinstance(each, property) and name.split(".")[-1] not in NOT_CALLED and name not in ELSEWHERE


def examples(each):
    """The statements of the examples in a docstring that doctest runs."""
    found = doctest.DocTestParser().get_examples(each.__doc__ or "")
    return [example for example in found if not example.options.get(doctest.SKIP)]


def test_every_public_object_has_an_example():
    """One that shows a result, or else there is nothing that could fail."""
    found = public()
    assert len(found) > 100
    assert {*ELSEWHERE} <= found.keys()
    missing = [
        name
        for name, each in found.items()
        if needs_example(name, each) and not any(example.want for example in examples(each))
    ]
    assert missing == []


def test_every_public_object_has_a_docstring():
    assert [name for name, each in public().items() if not each.__doc__ and name.split(".")[-1] not in NOT_CALLED] == []


def test_an_example_without_a_result_is_none():
    def function():
        """>>> x = 1
        >>> y = 2  # doctest: +SKIP
        """

    assert [example.want for example in examples(function)] == [""]
