"""Examples: small scripts, with what is known around them, that a check speaks of or keeps quiet about."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent, indent

from ..model import Revision
from .subject import Facts

DOCUMENTED = """Add nicknames.

Purpose: people may choose how they are called.
Context: first asked for by support.
Impact: one nullable column; nothing is rewritten.
Rollback: drops the column with the nicknames in it.
"""
"""A docstring with all its parts."""


@dataclass(frozen=True, slots=True)
class Example:
    """One script and its surroundings."""

    upgrade: str = "pass"
    """Body of ``upgrade()``."""
    downgrade: str = 'irreversible("an example")'
    """Body of ``downgrade()``."""
    docstring: str | None = DOCUMENTED
    top: str = ""
    """Lines below the imports."""
    title: str = ""
    """What the code does not show, in words."""
    revision: str = "b2"
    parents: tuple[str, ...] = ("a1",)
    others: tuple[Revision, ...] = (Revision("a1", path="versions/a1_first.py"),)
    """The other scripts of the folder."""
    dialect: str = "postgresql"
    facts: Facts = field(default_factory=Facts)

    def source(self) -> str:
        """The whole script."""
        parts = [f'"""{self.docstring}"""\n' if self.docstring is not None else ""]
        parts.append(
            "import sqlalchemy as sa\nfrom alembic import op\n\nfrom dihya_migrate import irreversible\n\n"
        )
        parts.append(f"revision = {self.revision!r}\ndown_revision = {self.parents!r}\n")
        parts.append(dedent(self.top).strip("\n") + "\n" if self.top else "")
        parts += (f"\n\ndef {name}():\n{_body(getattr(self, name))}\n" for name in ("upgrade", "downgrade"))
        return "".join(parts)

    def shown(self) -> str:
        """The telling part, for a page."""
        usual = Example()
        parts = []
        if self.docstring != usual.docstring:
            parts.append("# no docstring" if self.docstring is None else f'"""{self.docstring}"""')
        if (self.revision, self.parents) != (usual.revision, usual.parents):
            parts.append(f"revision = {self.revision!r}\ndown_revision = {self.parents!r}")
        parts.append(dedent(self.top).strip())
        if self.downgrade != usual.downgrade:
            parts += (f"def {name}():\n{_body(getattr(self, name))}" for name in ("upgrade", "downgrade"))
        elif self.upgrade != usual.upgrade:
            parts.append(dedent(self.upgrade).strip())
        return "\n\n".join(part for part in parts if part)


def _body(code: str) -> str:
    return indent(dedent(code).strip("\n"), "    ")
