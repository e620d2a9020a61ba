"""The checks explained: the reference page, and one check on a terminal."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from textwrap import indent
from typing import Protocol

from ..model import Severity
from ..settings import Profile


class ExampleLike(Protocol):
    """What a page shows of an example."""

    @property
    def title(self) -> str:
        """In words, what its code does not show."""

    def shown(self) -> str:
        """Its code."""


class CheckLike(Protocol):
    """What a page shows of a check."""

    @property
    def code(self) -> str:
        """``DM…``."""

    @property
    def name(self) -> str:
        """In words with hyphens."""

    @property
    def family(self) -> str:
        """Its module."""

    @property
    def doc(self) -> str:
        """Its docstring."""

    @property
    def remedy(self) -> str:
        """What to write instead."""

    @property
    def bad(self) -> Sequence[ExampleLike]:
        """What it speaks of."""

    @property
    def good(self) -> Sequence[ExampleLike]:
        """What it is quiet about."""

    def severity(self, profile: Profile) -> Severity | None:
        """How much it weighs."""


_HEAD = """\
# Checks

<!-- Written from the code by `make docs`; a test fails when this page differs. -->
<!-- fmt: off -->

Every check has a code that never changes. `error` stops a run, `warning` and `info` are shown. In both
profiles a table that is empty, or born earlier in the pending run, silences the checks of data. One finding
is silenced with a reason, on its line, on the line above, or for the whole file above its first statement:

```python
op.drop_table("orders")  # dihya: ignore[DM201] reason="archived" until=2026-12-31
```

| code | name | family | standard | strict |
|---|---|---|---|---|
"""


def page(checks: Iterable[CheckLike]) -> str:
    """The reference page of all checks, in Markdown."""
    listed = list(checks)
    rows = [
        f"| [{c.code}](#{c.code.lower()}-{c.name}) | {c.name} | {c.family} | {_weight(c, 'standard')} "
        f"| {_weight(c, 'strict')} |"
        for c in listed
    ]
    return _HEAD + "\n".join(rows) + "\n\n" + "\n".join(_section(check) for check in listed)


def explain(check: CheckLike) -> str:
    """One check as text for a terminal."""
    parts = [
        f"{check.code} {check.name}",
        f"  standard: {_weight(check, 'standard')}, strict: {_weight(check, 'strict')}",
        indent(inspect.cleandoc(check.doc), "  "),
        "speaks of:",
        *(indent(_shown(example), "  ") for example in check.bad),
        "is quiet about:",
        *(indent(_shown(example), "  ") for example in check.good),
        "write instead:",
        indent(check.remedy, "  "),
    ]
    return "\n\n".join(parts)


def _weight(check: CheckLike, profile: Profile) -> str:
    severity = check.severity(profile)
    return severity.value if severity else "-"


def _shown(example: ExampleLike) -> str:
    code = example.shown()
    title = f"# {example.title}" if example.title else ""
    return "\n".join(part for part in (title, code) if part) or "# an ordinary revision"


def _section(check: CheckLike) -> str:
    bad = "\n\n".join(_shown(example) for example in check.bad)
    good = "\n\n".join(_shown(example) for example in check.good)
    doc = inspect.cleandoc(check.doc).replace("``", "`")
    return (
        f"## {check.code} {check.name}\n\n{doc}\n\nSpeaks of:\n\n```python\n{bad}\n```\n\n"
        f"Is quiet about:\n\n```python\n{good}\n```\n\nWrite instead:\n\n```python\n{check.remedy}\n```\n"
    )
