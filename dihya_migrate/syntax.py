"""Reading scripts as syntax trees, without a word about their style."""

from __future__ import annotations

import ast
import warnings


def parse(source: str) -> ast.Module:
    """The tree of *source*; what the compiler would warn of is the author's affair, not that of each run.

    Raises:
        SyntaxError: It is not Python.
        ValueError: It holds a null byte.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
