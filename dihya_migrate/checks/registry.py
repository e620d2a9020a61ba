"""Checks by code: what each one is called, how much it weighs, how it is shown to work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..errors import ConfigurationError
from ..model import Severity
from ..settings import Profile
from .examples import Example
from .subject import Remark, Subject

Scope = Literal["run", "script"]
Verdict = Callable[[Subject], Iterable[Remark]]

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Weight:
    """How much a check weighs in each profile; None: it keeps quiet."""

    standard: Severity | None
    strict: Severity | None


STOP = Weight(ERROR, ERROR)
"""It breaks the history, or is a catastrophe."""
HAZARD = Weight(WARNING, ERROR)
"""A deployment may go well with it, so only a strict folder stops."""
STRICT_ONLY = Weight(None, ERROR)
"""A demand of folders made by our ``flask db init``."""
NOTE = Weight(INFO, INFO)


class DuplicateCheckError(ConfigurationError):
    """A code or a name was given to two checks."""

    def __init__(self, code: str, owner: str, name: str) -> None:
        super().__init__(code, "")
        self.args = (code, owner, name)
        self.code, self.owner, self.name = code, owner, name

    def __str__(self) -> str:
        return f"check {self.name!r} wants {self.code}, which belongs to {self.owner!r} for ever"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, with the examples that prove it."""

    code: str
    """Printed, silenced and documented under this for ever."""
    name: str
    family: str
    """The module it lies in."""
    weight: Weight
    remedy: str
    """What to write instead, ready to paste."""
    verdict: Verdict
    scope: Scope
    bad: tuple[Example, ...]
    good: tuple[Example, ...]

    @property
    def doc(self) -> str:
        """The verdict's docstring: the text of its page."""
        return self.verdict.__doc__ or ""

    def severity(self, profile: Profile) -> Severity | None:
        """How much it weighs in *profile*."""
        return self.weight.strict if profile == "strict" else self.weight.standard


class Registry:
    """All checks, by code and by name."""

    def __init__(self) -> None:
        self._by_code: dict[str, Check] = {}
        self._by_name: dict[str, Check] = {}

    def add(self, check: Check) -> Check:
        """File *check* under its code; a code belongs to one check for ever.

        Raises:
            DuplicateCheckError: The code or the name is taken.
        """
        owner = self._by_code.get(check.code) or self._by_name.get(check.name)
        if owner is not None:
            raise DuplicateCheckError(check.code, owner.name, check.name)
        self._by_code[check.code] = self._by_name[check.name] = check
        return check

    def find(self, word: str) -> Check | None:
        """The check of this code or name."""
        return self._by_code.get(word.upper()) or self._by_name.get(word.lower())

    def __iter__(self) -> Iterator[Check]:
        """In the order of their codes."""
        return iter(sorted(self._by_code.values(), key=lambda check: check.code))

    def __len__(self) -> int:
        return len(self._by_code)


REGISTRY = Registry()


def check(
    *,
    code: str,
    name: str,
    weight: Weight,
    remedy: str,
    bad: Iterable[Example],
    good: Iterable[Example],
    scope: Scope = "script",
) -> Callable[[Verdict], Verdict]:
    """File the decorated verdict; arguments as the fields of :class:`Check`."""

    def file(verdict: Verdict) -> Verdict:
        family = verdict.__module__.rpartition(".")[2]
        REGISTRY.add(Check(code, name, family, weight, remedy, verdict, scope, tuple(bad), tuple(good)))
        return verdict

    return file
