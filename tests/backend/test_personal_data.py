"""What the backend's models say of personal data."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.extensions import db
from dihya_migrate.gdpr.mapping import build_map
from dihya_migrate.gdpr.records import DataMap


@pytest.fixture
def data_map(served: Flask) -> DataMap:
    """The map of the backend's models."""
    with served.app_context():
        return build_map({bind or "": metadata for bind, metadata in db.metadatas.items()})


def test_every_column_and_edge_is_decided(data_map: DataMap) -> None:
    """Nobody left a column of the models undecided."""
    assert data_map.undecided == ()


@pytest.mark.parametrize(
    ("column", "state"),
    [
        ("users.email", "personal"),
        ("users.password_hash", "secret"),
        ("users.display_name", "personal"),
        ("projects.name", "personal"),
        ("projects.description", "personal"),
        ("activity_log.ip_prefix", "personal"),
        ("activity_log.actor_id", "edge"),
        ("project_invitations.email", "edge"),
        ("plugins.title", "not_personal"),
    ],
)
def test_column_is_what_a_privacy_officer_would_say(data_map: DataMap, column: str, state: str) -> None:
    """The columns that matter are declared as what they are."""
    table, _, name = column.partition(".")
    assert data_map.parts[""].tables[table].column(name).state == state


def test_one_kind_of_person_owns_everything(data_map: DataMap) -> None:
    """Users are the only subjects, and they can be looked up by address."""
    assert dict(data_map.kinds) == {"user": ""}
    assert data_map.parts[""].subject_table("user").lookup == ("email",)
