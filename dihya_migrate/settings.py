"""Settings: ``app.config`` keys that begin with ``DIHYA_``, read once into one frozen record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeVar, cast

from .errors import ConfigurationError
from .sealing import MIN_KEY_BYTES

Profile = Literal["standard", "strict"]
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What an application may set, as ``DIHYA_`` plus the upper-case name of the field."""

    profile: Profile | None = None
    """``standard``, ``strict``, or None: as the migrations folder says (ours are strict)."""
    audit_file: Path | None = None
    """The trail's copy outside the database. Default: ``dihya/audit.jsonl`` in the instance folder."""
    audit_file_required: bool = False
    """True when the application named the file: then no run starts if it cannot be written."""
    audit_key: bytes | None = None
    """At least 32 bytes; also from the file ``DIHYA_AUDIT_KEY_FILE``. Without it the chain is not keyed."""
    ledger_file: Path | None = None
    """Erasures to repeat after a restore. Default: ``dihya/ledger.jsonl`` in the instance folder."""
    pseudonym_key: bytes | None = None
    """At least 32 bytes; also from ``DIHYA_PSEUDONYM_KEY_FILE``. Needed to erase."""
    erase_atomic_limit: int = 50_000
    """Rows an erasure may change in one transaction."""
    lock_timeout: float = 300.0
    """Seconds to wait for another run."""
    database_schema: str | None = None
    """Schema of our own tables; None: the connection's default."""
    drop_limit: float = 0.5
    """Share of the known tables above which ``migrate`` refuses to write drops (0 to 1)."""
    controller: str = ""
    """Who answers for the data, printed in exports."""

    @classmethod
    def from_mapping(cls, config: Mapping[str, object], instance_path: str) -> Settings:
        """Read the ``DIHYA_`` keys of *config*.

        Raises:
            ConfigurationError: A value is of the wrong type or out of range.
        """
        given = {f.name: config[key] for f in fields(cls) if (key := f"DIHYA_{f.name.upper()}") in config}
        folder = Path(instance_path) / "dihya"
        file = given.get("audit_file", folder / "audit.jsonl")
        if "audit_file" not in given and config.get("TESTING"):
            file = None  # a test-suite makes a database a test; one file would gather all their chains
        return cls(
            profile=_profile(given.get("profile")),
            audit_file=Path(str(file)) if file else None,
            audit_file_required=bool(given.get("audit_file")),
            audit_key=_key(config, "DIHYA_AUDIT_KEY"),
            ledger_file=Path(str(given.get("ledger_file") or folder / "ledger.jsonl")),
            pseudonym_key=_key(config, "DIHYA_PSEUDONYM_KEY"),
            erase_atomic_limit=_number(given, "erase_atomic_limit", int, cls.erase_atomic_limit),
            lock_timeout=_number(given, "lock_timeout", float, cls.lock_timeout),
            database_schema=cast("str | None", given.get("database_schema")),
            drop_limit=_number(given, "drop_limit", float, cls.drop_limit),
            controller=str(given.get("controller", "")),
        )


def _profile(value: object) -> Profile | None:
    if value not in (None, "standard", "strict"):
        raise ConfigurationError("DIHYA_PROFILE is neither 'standard' nor 'strict'")
    return value


def _number(given: Mapping[str, object], name: str, kind: Callable[[str], T], default: T) -> T:
    if name not in given:
        return default
    try:
        number = kind(str(given[name]))
    except ValueError:
        raise ConfigurationError(f"DIHYA_{name.upper()} is not a number") from None
    if cast("float", number) < 0:
        raise ConfigurationError(f"DIHYA_{name.upper()} is negative")
    return number


def _key(config: Mapping[str, object], name: str) -> bytes | None:
    value = config.get(name)
    file = config.get(f"{name}_FILE")
    if value is None and file is not None:
        try:
            value = Path(str(file)).read_bytes().strip()
        except OSError:
            raise ConfigurationError(f"the file named by {name}_FILE cannot be read") from None
    if value is None or value in ("", b""):
        return None
    key = value if isinstance(value, bytes) else str(value).encode()
    if len(key) < MIN_KEY_BYTES:
        raise ConfigurationError(
            f"{name} has {len(key)} bytes; it needs at least {MIN_KEY_BYTES}",
            'python -c "import secrets; print(secrets.token_hex(32))" makes one',
        )
    return key
