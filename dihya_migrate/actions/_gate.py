"""Validation in front of a run."""

from __future__ import annotations

from collections.abc import Mapping

from ..history.ports import Look, Plan, Verdict
from ..history.site import Site
from ..model import Direction, Finding, Step
from ..runtime import Runtime


class RunGate:
    """See :class:`dihya_migrate.history.ports.Gate`."""

    def __init__(self, runtime: Runtime, site: Site, direction: Direction) -> None:
        self.runtime, self.site, self.direction = runtime, site, direction
        self.binds: tuple[str, ...] = ()
        self.sha256: dict[str, str] = {}

    def history(self, looks: Mapping[str, Look]) -> None:
        """Nothing yet."""
        self.binds = tuple(looks)

    def __call__(self, plan: Plan) -> Verdict:
        """Everything passes."""
        return Verdict()

    def remarks_on_history(self, looks: Mapping[str, Look]) -> list[Finding]:
        return []

    def remarks(self, plan: Plan) -> list[Finding]:
        return []

    def recorded(self, id_: str, direction: Direction, dialect: str, bind: str) -> tuple[Step, ...]:
        return ()

    def sql(self, id_: str, direction: Direction, dialect: str, bind: str) -> tuple[str, ...]:
        return ()
