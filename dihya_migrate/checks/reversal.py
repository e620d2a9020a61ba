"""DM3xx: the way back."""

from __future__ import annotations

from collections.abc import Iterator

from .examples import Example
from .registry import HAZARD, check
from .subject import Remark, Subject

_ADD = 'op.add_column("users", sa.Column("nick", sa.Text()))'


@check(
    code="DM301",
    name="missing-downgrade",
    weight=HAZARD,
    remedy="""\
def downgrade():
    op.drop_column("users", "nick")

# or, where there is no way back:
from dihya_migrate import irreversible

def downgrade():
    irreversible("the old values are gone")""",
    bad=[
        Example(_ADD, "pass"),
        Example(_ADD, "..."),
        Example(_ADD, '"""Nothing to do."""'),
    ],
    good=[
        Example(_ADD, 'op.drop_column("users", "nick")'),
        Example(_ADD, 'irreversible("nicknames were merged")'),
        Example("pass", "pass", title="a merge: nothing up, nothing down"),
        Example(_ADD, 'raise NotImplementedError("not possible")'),
    ],
)
def missing_downgrade(subject: Subject) -> Iterator[Remark]:
    """The downgrade does nothing: the version moves back and the schema does not.

    That is worse than an error. Write it, or call ``irreversible("reason")`` so that a downgrade is
    refused with that reason.
    """
    if subject.script.upgrade and not subject.script.downgrade:
        yield Remark(
            "downgrade() is missing or does nothing, so the version would move back and the schema not"
        )
