"""DM0xx: scripts that could not be read, or not to their end."""

from __future__ import annotations

from collections.abc import Iterator

from .examples import Example
from .registry import HAZARD, NOTE, check
from .subject import Remark, Subject

_BROKEN = (
    "SyntaxError",
    "IndentationError",
    "ImportError",
    "ModuleNotFoundError",
    "NameError",
    "AttributeError",
)


@check(
    code="DM001",
    name="broken-script",
    weight=HAZARD,
    remedy="Run the script's imports in the environment that migrates, and correct what fails.",
    bad=[Example(top="import module_that_is_nowhere", upgrade="op.drop_table('orders')")],
    good=[Example(top="import decimal", upgrade="op.drop_table('orders')")],
)
def broken_script(subject: Subject) -> Iterator[Remark]:
    """The script fails before it reaches its first operation: it does not parse, or an import is missing.

    The run would fail at this revision; where the server cannot roll back, the earlier ones would stay.
    """
    for step in subject.script.upgrade:
        if step.detail.get("raises") in _BROKEN:
            yield Remark(f"the script raises {step.detail['raises']} when it is run without a database", step)


@check(
    code="DM002",
    name="not-analysed",
    weight=NOTE,
    remedy="""\
# say what changes with op.* and constants, and let SQL decide about rows:
op.execute("UPDATE orders SET state = 'open' WHERE state IS NULL")""",
    bad=[
        Example("""\
        for row in op.get_bind().execute(sa.text("SELECT id FROM orders")):
            op.execute(f"UPDATE orders SET state = 'open' WHERE id = {row.id}")
        """)
    ],
    good=[Example("""op.execute("UPDATE orders SET state = 'open' WHERE state IS NULL")""")],
)
def not_analysed(subject: Subject) -> Iterator[Remark]:
    """What follows from here hangs on rows, on the live schema or on code that only a real run tells.

    It is run all the same, unseen by the checks; read it with your own eyes.
    """
    for step in subject.script.upgrade:
        if (
            step.kind == "not_analysed"
            and step.detail.get("raises") not in _BROKEN
            and "effect" not in step.detail
        ):
            yield Remark(f"not analysed from here: the script {step.detail['reason']}", step)
