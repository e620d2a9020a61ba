"""DM3xx: the way back."""

from __future__ import annotations

from collections.abc import Iterator

from .examples import Example
from .registry import HAZARD, STOP, check
from .subject import Facts, Remark, Subject

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


@check(
    code="DM302",
    name="irreversible-revision",
    weight=STOP,
    remedy="""\
# restore a backup, or go forward with a new revision that puts right what is wrong
flask db revision -m "undo what b2 did, as far as it can be\"""",
    bad=[Example(_ADD, 'irreversible("nicknames were merged")', facts=Facts(direction="downgrade"))],
    good=[
        Example(_ADD, 'irreversible("nicknames were merged")', title="while going forward"),
        Example(_ADD, 'op.drop_column("users", "nick")', facts=Facts(direction="downgrade")),
    ],
)
def irreversible_revision(subject: Subject) -> Iterator[Remark]:
    """A downgrade would pass through a revision that declares it cannot be undone.

    It is refused before the first step, so that nothing stops half way.
    """
    if subject.facts.direction != "downgrade":
        return
    for step in subject.script.downgrade:
        if step.kind == "irreversible":
            yield Remark(f"this revision cannot be undone: {step.detail['reason']}", step)
