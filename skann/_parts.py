"""The way from names to parts of the engine: a part is made of the hyper-parameters that its signature names."""

from difflib import get_close_matches
from inspect import Parameter, signature


def made(part, values):
    """What a class, or a classmethod, makes of those of the values that its signature names.

    >>> from skann.engine.schedules import Linear
    >>> made(Linear, {"rate": 0.1, "n_steps": 5, "power_t": 0.5})
    Linear(rate=0.1, n_steps=5)
    """
    return part(**wanted(part, values))


def wanted(part, values):
    """Those of the values that the signature of a class, or a classmethod, names: a dict."""
    return {name: values[name] for name in named(part) if name in values}


def named(part):
    """The names of the arguments of a class or function; with ``**kwargs`` those of the class above are among them.

    >>> from skann.engine.optimizers import SGD
    >>> named(SGD)
    ['size', 'dtype', 'momentum', 'nesterovs_momentum', 'weight_decay', 'groups']
    """
    found = {}
    classes = part.__mro__[:-1] if isinstance(part, type) else ()
    for each in [vars(cls)["__init__"] for cls in classes if "__init__" in vars(cls)] or [part]:
        found |= signature(each).parameters
        if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in signature(each).parameters.values()):
            break
    variable = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    return [name for name, parameter in found.items() if name != "self" and parameter.kind not in variable]


def fact(registry, name, fact):
    """A fact that stands on the class with this name; False if the class says nothing, or for an object of the user's.

    >>> from skann.engine.losses import LOSSES
    >>> fact(LOSSES, "huber", "is_location"), fact(LOSSES, "poisson", "is_location")
    (True, False)
    """
    return isinstance(name, str) and bool(getattr(registry.get(name), fact, False))


def without(registry, fact):
    """The registered classes of which a fact is not true."""
    return {name: part for name, part in registry.items() if not getattr(part, fact, False)}


def did_you_mean(name, options):
    """The end of a message about a name that is none of some options: the nearest of them, if one is near.

    >>> did_you_mean("rleu", ["elu", "relu", "tanh"]), did_you_mean("Adam", ["adam"]), did_you_mean("x", ["adam"])
    (" Did you mean 'relu'?", " Did you mean 'adam'?", '')
    """
    by_lower = {option.lower(): option for option in sorted(each for each in options if isinstance(each, str))}
    name = name[:100].lower()
    close = get_close_matches(name, by_lower, 1) or [
        each for each in by_lower if len(name) > 2 and each.startswith(name)
    ]
    return f" Did you mean {by_lower[close[0]]!r}?" if close else ""


def listed(names):
    """Names for a message.

    >>> listed(["adam", "nadam", "sgd"])
    "'adam', 'nadam' or 'sgd'"
    """
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}" if others else last
