"""Formulas as MathML, which browsers draw themselves: no JavaScript, no font and no network are needed."""

import re

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

TAG = re.compile(r"\s*\\tag\{([^}]*)\}\s*")


def mathml(latex, display):
    """A formula as MathML; with ``display`` on a line of its own, and there with its ``\\tag{...}`` at the right."""
    tag = TAG.search(latex)
    formula = convert(TAG.sub("", latex).strip(), display="block" if display else "inline")
    if not display:
        return formula
    number = f'<span class="equation-tag">({tag[1]})</span>' if tag else ""
    return f'<div class="formula">{formula}{number}</div>\n'


def visit_inline(writer, node):
    writer.body.append(mathml(node.astext(), display=False))
    raise SkipNode


def visit_block(writer, node):
    writer.body.append(mathml(node.astext(), display=True))
    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
