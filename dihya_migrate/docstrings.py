"""The four parts a migration's docstring tells: purpose, context, impact, rollback."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

PARTS = ("purpose", "context", "impact", "rollback")
_ALIASES = {"but": "purpose", "objectif": "purpose", "contexte": "context", "retour": "rollback"}
_LABEL = re.compile(rf"({'|'.join((*PARTS, *_ALIASES))})[ \u00a0]*:[ \u00a0]*(.*)", re.IGNORECASE)
_META = re.compile(r"(Revision ID|Revises|Create Date|Branch Labels|Depends On)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Documented:
    """What a docstring says; a part that is missing is empty."""

    summary: str = ""
    """The first paragraph, in one line."""
    purpose: str = ""
    context: str = ""
    impact: str = ""
    rollback: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts that say nothing yet; a TODO says nothing."""
        return tuple(
            part
            for part in PARTS
            if getattr(self, part).upper().startswith(("TODO", "TBD")) or not getattr(self, part)
        )


def parse_docstring(text: str) -> Documented:
    """Read a docstring back into its parts.

    A part begins with its label at the start of a line (``Purpose:``; the French labels of older folders too)
    and goes on over indented lines, up to an empty line or the next label.
    """
    lines: dict[str, list[str]] = {"summary": []}
    part: str | None = "summary"
    for line in inspect.cleandoc(text).splitlines():
        label = _LABEL.match(line)
        if label:
            word = label[1].lower()
            part = _ALIASES.get(word, word)
            lines[part] = [label[2]]
        elif _META.match(line) or (not line.strip() and part and any(lines[part])):
            part = None
        elif part:
            lines[part].append(line.strip())
    return Documented(**{name: " ".join(" ".join(found).split()) for name, found in lines.items()})
