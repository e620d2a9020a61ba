"""What every script says of itself, remembered as long as not one file changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..model import Revision
from .graph import History
from .memory import remembered
from .scripts import SCRIPT, UncertainScripts, read_revisions


def indexed_history(versions: Path) -> History | None:
    """The graph of *versions* without the sources of the scripts; None when only Alembic can tell.

    None also when the graph has a fault: whoever asks then wants every file read.
    """

    def read() -> list[list[object]] | None:
        try:
            return [_row(revision) for revision in read_revisions(versions)]
        except (UncertainScripts, OSError):
            return None

    rows = remembered(versions, SCRIPT.match, "index", read)
    if rows is None:
        return None
    history = History(tuple(map(_revision, rows)))
    return None if any(problem.kind != "multiple-heads" for problem in history.problems) else history


def with_sources(history: History, ids: tuple[str, ...], root: Path) -> History:
    """*history* with the sources of *ids*, read now."""
    wanted = set(ids)
    return History(
        tuple(
            replace(revision, source=(root / revision.path).read_text(encoding="utf-8", errors="replace"))
            if revision.id in wanted and not revision.source
            else revision
            for revision in history.revisions
        )
    )


def _row(revision: Revision) -> list[object]:
    return [
        revision.id,
        list(revision.parents),
        list(revision.depends_on),
        list(revision.branch_labels),
        revision.docstring,
        revision.path,
        revision.sha256,
    ]


def _revision(row: list[object]) -> Revision:
    id_, parents, depends_on, branch_labels, docstring, path, sha256 = row
    return Revision(
        id=str(id_),
        parents=tuple(parents),  # type: ignore[arg-type]
        depends_on=tuple(depends_on),  # type: ignore[arg-type]
        branch_labels=tuple(branch_labels),  # type: ignore[arg-type]
        docstring=str(docstring),
        path=str(path),
        sha256=str(sha256),
    )
