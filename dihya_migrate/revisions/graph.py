"""The revision graph as a value: who follows whom, where it is broken, what lies between two points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ..model import Revision

ProblemKind = Literal["missing-parent", "duplicate-revision-id", "cycle", "multiple-heads"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of the graph."""

    kind: ProblemKind
    revision: str
    """The revision it is told of; for several heads the first one."""
    others: tuple[str, ...] = ()
    """The missing parent, the members of the cycle, the other heads, or the paths that share the id."""


class UnknownTargetError(LookupError):
    """A target that only Alembic can resolve: a part of an id, a relative step, a label at a head."""


@dataclass(frozen=True)
class History:
    """All revisions of one folder. Pure; each question is answered in time linear in their number.

    Args:
        revisions: In the order of their files; of two with one id the later one counts, as in Alembic.
    """

    revisions: tuple[Revision, ...]

    @cached_property
    def by_id(self) -> dict[str, Revision]:
        """The revisions by id."""
        return {revision.id: revision for revision in self.revisions}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The revision that carries each branch label."""
        return {label: revision.id for revision in self.revisions for label in revision.branch_labels}

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """Who names a revision as parent; dependencies are not counted."""
        found: dict[str, list[str]] = {id_: [] for id_ in self.by_id}
        for revision in self.by_id.values():
            for parent in revision.parents:
                found.setdefault(parent, []).append(revision.id)
        return {id_: tuple(children) for id_, children in found.items()}

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Revisions nobody names as parent: Alembic's ``get_heads()``."""
        return tuple(id_ for id_ in self.by_id if not self.children[id_])

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Revisions without a parent."""
        return tuple(revision.id for revision in self.by_id.values() if not revision.parents)

    @cached_property
    def has_dependencies(self) -> bool:
        """Does any revision say ``depends_on``? Then the version rows may be fewer than the heads."""
        return any(revision.depends_on for revision in self.revisions)

    def needs(self, id_: str) -> tuple[str, ...]:
        """Parents and dependencies of *id_*, with labels resolved; missing ones are left out."""
        revision = self.by_id[id_]
        named = revision.parents + tuple(self.labels.get(name, name) for name in revision.depends_on)
        return tuple(name for name in named if name in self.by_id)

    def ancestors(self, *ids: str) -> frozenset[str]:
        """All that must have run before *ids*, with themselves; ids that are not here are left out."""
        return frozenset(self._reach(ids, self.needs))

    def descendants(self, *ids: str) -> frozenset[str]:
        """All that come after *ids* by parentage, with themselves."""
        return frozenset(self._reach(ids, lambda id_: self.children[id_]))

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Must *older* have run before *newer*? True also when they are the same."""
        return older in self.ancestors(newer)

    def _reach(self, ids: Iterable[str], step: Callable[[str], tuple[str, ...]]) -> Iterator[str]:
        waiting = [id_ for id_ in ids if id_ in self.by_id]
        seen = set(waiting)
        while waiting:
            id_ = waiting.pop()
            yield id_
            for other in step(id_):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)

    @cached_property
    def ordered(self) -> tuple[Revision, ...]:
        """All revisions, what is needed before what needs it; members of a cycle are left out."""
        wanting = {id_: set(self.needs(id_)) for id_ in self.by_id}
        followers: dict[str, list[str]] = {id_: [] for id_ in self.by_id}
        for id_, needed in wanting.items():
            for other in needed:
                followers[other].append(id_)
        ready = [id_ for id_, needed in wanting.items() if not needed]
        ready.reverse()
        done: list[Revision] = []
        while ready:
            id_ = ready.pop()
            done.append(self.by_id[id_])
            for follower in reversed(followers[id_]):
                wanting[follower].discard(id_)
                if not wanting[follower]:
                    ready.append(follower)
        return tuple(done)

    def path(self, from_heads: Iterable[str], target: str = "heads") -> tuple[Revision, ...]:
        """What an upgrade from *from_heads* to *target* would run, oldest first.

        Args:
            from_heads: The database's version rows; empty for a new database.
            target: An exact id, a branch label, ``head`` or ``heads``.

        Raises:
            UnknownTargetError: *target* or one of *from_heads* is not here, or ``head`` is ambiguous.
        """
        present = tuple(from_heads)
        unknown = [id_ for id_ in present if id_ not in self.by_id]
        if unknown:
            raise UnknownTargetError(unknown[0])
        wanted = self.ancestors(*self._targets(target)) - self.ancestors(*present)
        return tuple(revision for revision in self.ordered if revision.id in wanted)

    def _targets(self, target: str) -> tuple[str, ...]:
        if target == "heads" or (target == "head" and len(self.heads) <= 1):
            return self.heads
        id_ = self.labels.get(target, target)
        if id_ not in self.by_id:
            raise UnknownTargetError(target)
        return (id_,)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Every fault, the worst first."""
        return (*self._duplicates(), *self._missing(), *self._cycle(), *self._several_heads())

    def _duplicates(self) -> Iterator[Problem]:
        paths: dict[str, list[str]] = {}
        for revision in self.revisions:
            paths.setdefault(revision.id, []).append(revision.path)
        for id_, found in paths.items():
            if len(found) > 1:
                yield Problem("duplicate-revision-id", id_, tuple(found))

    def _missing(self) -> Iterator[Problem]:
        for revision in self.by_id.values():
            gone = [name for name in revision.parents if name not in self.by_id]
            gone += [name for name in revision.depends_on if self.labels.get(name, name) not in self.by_id]
            if gone:
                yield Problem("missing-parent", revision.id, tuple(gone))

    def _cycle(self) -> Iterator[Problem]:
        if len(self.ordered) == len(self.by_id):
            return
        left = set(self.by_id) - {revision.id for revision in self.ordered}
        id_ = next(id_ for id_ in self.by_id if id_ in left)
        walked: list[str] = []
        while id_ not in walked:  # every member left over needs another one left over, so this comes round
            walked.append(id_)
            id_ = next(other for other in self.needs(id_) if other in left)
        members = tuple(walked[walked.index(id_) :])
        yield Problem("cycle", members[0], members)

    def _several_heads(self) -> Iterator[Problem]:
        if len(self.heads) > 1:
            yield Problem("multiple-heads", self.heads[0], self.heads[1:])
