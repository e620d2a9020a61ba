"""DM6xx: personal columns nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Severity
from .examples import Example
from .registry import STOP, check
from .subject import Facts, Remark, Subject, table_of

_UNDECIDED = Facts(declares=True, undecided=frozenset({("", "users", "phone")}))
_PHONE = 'op.add_column("users", sa.Column("phone", sa.String(20)))'


@check(
    code="DM601",
    name="undeclared-personal-column",
    weight=STOP,
    remedy="""\
# in the model, not in the migration:
phone: Mapped[str | None] = mapped_column(info=personal("contact", purpose="account"))
theme: Mapped[str] = mapped_column(info=not_personal("display preference"))""",
    bad=[
        Example(_PHONE, facts=_UNDECIDED),
        Example('op.create_table("users", sa.Column("phone", sa.String(20)))', facts=_UNDECIDED),
    ],
    good=[
        Example(_PHONE, facts=Facts(declares=True), title="declared on the model"),
        Example(_PHONE, title="a project that declares nothing"),
        Example('op.drop_column("users", "phone")', facts=_UNDECIDED),
    ],
)
def undeclared_personal_column(subject: Subject) -> Iterator[Remark]:
    """A new column is neither declared personal nor declared not to be.

    Nobody would export or erase it. Speaks only in projects that use the declarations. It is
    a warning while a new database is built from an old history.
    """
    if not subject.facts.declares:
        return
    severity = Severity.WARNING if subject.facts.fresh else None
    for step in subject.script.upgrade:
        if step.kind not in ("add_column", "create_table"):
            continue
        for column in step.columns:
            if (*table_of(step), column.name) in subject.facts.undecided:
                where = f"{step.table}.{column.name}"
                yield Remark(f"nobody decided whether {where} is personal data", step, severity=severity)
