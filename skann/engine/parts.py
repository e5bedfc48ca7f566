"""Parts: what layers share that hand each of several layers its own stretch of columns or units."""

import copy


class Parts:
    """Several layers as one.

    Parameters
    ----------
    parts : dict of str to layer
        In the order of their outputs. A parameter of a part gets the name of the part in front of its own.
    """

    def __init__(self, parts):
        self.parts = parts
        self.n_out = sum(part.n_out for part in parts.values())
        self.shapes = {f"{name}.{key}": shape for name, part in parts.items() for key, shape in part.shapes.items()}

    def bind(self, params, grads):
        """See the contract of `skann.engine.layers`, as for the methods below."""
        for name, part in self.parts.items():
            own_grads = {key: grads[f"{name}.{key}"] for key in part.shapes} if grads else None
            part.bind({key: params[f"{name}.{key}"] for key in part.shapes}, own_grads)

    def unbound(self):
        """A copy whose parts are unbound."""
        other = copy.copy(self)
        other.parts = {name: part.unbound() for name, part in self.parts.items()}
        return other

    def initialize(self, rng, variance=None):
        """Give each part its random start, in their order."""
        for part in self.parts.values():
            part.initialize(rng, variance)
