"""The checks: pure functions over steps, revisions and facts, one module a family."""

from . import content, convention, generation, lineage, loss, privacy, reading, reversal, silenced
from .registry import REGISTRY, Check
from .run import chosen, run
from .subject import Facts, Pending, Remark, Script, Subject

__all__ = ["REGISTRY", "Check", "Facts", "Pending", "Remark", "Script", "Subject", "chosen", "run"]

FAMILIES = (reading, loss, reversal, lineage, convention, generation, content, silenced, privacy)
"""Imported by name, so that a check exists exactly when its family stands here."""
