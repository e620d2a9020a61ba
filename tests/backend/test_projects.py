"""Projects, members, invitations, plugins, templates and the activity log."""

from __future__ import annotations

import pytest
from flask import Flask

from backend.extensions import db
from backend.logs.recorder import prefix
from backend.plugins.models import Plugin
from backend.projects.models import Invitation, Member

from .conftest import Person


@pytest.fixture
def catalogue(served: Flask) -> None:
    """Two plugins to install and one that was withdrawn."""
    with served.app_context():
        for slug, published in (("board", True), ("review", True), ("old", False)):
            db.session.add(
                Plugin(slug=slug, title=slug, summary=slug, version="1", publisher="X", published=published)
            )
        db.session.commit()


def slugs(person: Person, path: str) -> list[str]:
    """The slugs a catalogue shows."""
    document = person.client.get(path).get_json()
    return [entry["slug"] for entry in next(iter(document.values()))]


def test_everything_but_the_catalogues_needs_an_account(served: Flask) -> None:
    """Nobody gets 401, and the catalogues."""
    client = served.test_client()
    closed = ["/projects", "/projects/1", "/projects/1/members", "/projects/1/plugins", "/activity"]
    assert {client.get(path).status_code for path in closed} == {401}
    assert {client.get(path).status_code for path in ("/plugins", "/templates")} == {200}


def test_creator_owns_and_sees_the_project(ada: Person, bob: Person) -> None:
    """A project is its creator's and nobody else sees it."""
    key = ada.project(name="Mill", description="Flour")
    assert ada.client.get(f"/projects/{key}").get_json()["owner_id"] == ada.id
    assert [project["name"] for project in ada.client.get("/projects").get_json()["projects"]] == ["Mill"]
    assert bob.client.get("/projects").get_json() == {"projects": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("patch", ""),
        ("get", "/members"),
        ("delete", "/members/1"),
        ("post", "/invitations"),
        ("get", "/plugins"),
        ("post", "/plugins"),
        ("delete", "/plugins/board"),
        ("post", "/template"),
        ("get", "/activity"),
    ],
)
def test_strangers_are_refused_and_absent_projects_unknown(
    ada: Person, bob: Person, method: str, path: str
) -> None:
    """Every route below a project gives 403 to strangers and 404 when there is no such project."""
    key = ada.project()
    assert bob.client.open(f"/projects/{key}{path}", method=method.upper()).status_code == 403
    assert bob.client.open(f"/projects/{key + 1}{path}", method=method.upper()).status_code == 404
    assert bob.client.open(f"/projects/{'9' * 18}{path}", method=method.upper()).status_code == 404


def test_members_may_look_but_not_manage(ada: Person, bob: Person) -> None:
    """A plain member reads; changing needs the role of owner or maintainer."""
    key = ada.project()
    ada.welcome(key, bob)
    assert bob.client.get(f"/projects/{key}").status_code == 200
    assert bob.client.patch(f"/projects/{key}", json={"name": "Mine"}).status_code == 403
    assert bob.client.get(f"/projects/{key}/activity").status_code == 403
    assert ada.client.patch(f"/projects/{key}", json={"name": "Ours"}).get_json()["name"] == "Ours"


def test_invitation_is_used_once_and_then_gone(served: Flask, ada: Person, bob: Person) -> None:
    """Accepting makes a member who knows by whom, and leaves no address behind."""
    key = ada.project()
    ada.welcome(key, bob, role="maintainer")
    with served.app_context():
        place = db.session.get_one(Member, (key, bob.id))
        assert (place.role, place.invited_by_id) == ("maintainer", ada.id)
        assert db.session.scalars(db.select(Invitation)).all() == []


def test_invitations_conflict(ada: Person, bob: Person) -> None:
    """An address is invited once, and a member not at all."""
    key = ada.project()
    wanted = {"email": "guest@example.org", "role": "member"}
    answers = [ada.client.post(f"/projects/{key}/invitations", json=wanted).status_code for _ in range(2)]
    assert answers == [201, 409]
    own = ada.client.post(f"/projects/{key}/invitations", json={**wanted, "email": ada.email})
    assert own.status_code == 409


def test_somebody_elses_invitation_looks_like_none(ada: Person, bob: Person) -> None:
    """A number that belongs to another address is a 404 like one that does not exist."""
    invited = ada.client.post(
        f"/projects/{ada.project()}/invitations", json={"email": "guest@example.org", "role": "member"}
    )
    assert bob.client.post(f"/invitations/{invited.get_json()['id']}/accept").status_code == 404
    assert bob.client.post("/invitations/999/accept").status_code == 404


def test_invitation_cannot_make_an_owner(ada: Person) -> None:
    """There is one owner."""
    wanted = {"email": "guest@example.org", "role": "owner"}
    assert ada.client.post(f"/projects/{ada.project()}/invitations", json=wanted).status_code == 400


def test_leaving_and_removing(ada: Person, bob: Person) -> None:
    """Members leave by themselves, managers remove them, the owner stays."""
    key = ada.project()
    ada.welcome(key, bob)
    assert bob.client.delete(f"/projects/{key}/members/{ada.id}").status_code == 403
    assert bob.client.delete(f"/projects/{key}/members/{bob.id}").status_code == 204
    assert ada.client.delete(f"/projects/{key}/members/{bob.id}").status_code == 404
    assert ada.client.delete(f"/projects/{key}/members/{ada.id}").status_code == 409


def test_member_list_shows_no_address(ada: Person, bob: Person) -> None:
    """Others see the name that a person chose, not their address."""
    key = ada.project()
    ada.welcome(key, bob)
    answer = ada.client.get(f"/projects/{key}/members")
    assert [member["display_name"] for member in answer.get_json()["members"]] == ["Ada Test", "Bob Test"]
    assert "@" not in answer.text


def test_plugins_are_installed_once(ada: Person, catalogue: None) -> None:
    """Install, install again, remove, remove again."""
    plugins = f"/projects/{ada.project()}/plugins"
    assert slugs(ada, "/plugins") == ["board", "review"]
    assert [ada.client.post(plugins, json={"slug": "board"}).status_code for _ in range(2)] == [201, 409]
    assert slugs(ada, plugins) == ["board"]
    assert [ada.client.delete(f"{plugins}/board").status_code for _ in range(2)] == [204, 404]


def test_plugins_that_cannot_be_installed(ada: Person, catalogue: None) -> None:
    """An unknown plugin is a 404, a withdrawn one a conflict."""
    plugins = f"/projects/{ada.project()}/plugins"
    assert ada.client.post(plugins, json={"slug": "none"}).status_code == 404
    assert ada.client.post(plugins, json={"slug": "old"}).status_code == 409


def test_project_starts_from_a_template(ada: Person, bob: Person, catalogue: None) -> None:
    """A template carries the plugins of the project it was published from, and nothing else."""
    first = ada.project(name="Private")
    ada.client.post(f"/projects/{first}/plugins", json={"slug": "board"})
    words = {"slug": "with-board", "title": "With a board", "summary": "A board."}
    answers = [ada.client.post(f"/projects/{first}/template", json=words).status_code for _ in range(2)]
    assert answers == [201, 409]
    second = bob.project(template="with-board")
    assert slugs(bob, f"/projects/{second}/plugins") == ["board"]
    assert bob.client.post("/projects", json={"name": "X", "template": "none"}).status_code == 404


def test_template_needs_a_proper_slug(ada: Person) -> None:
    """A slug is lower-case words joined by hyphens."""
    words = {"slug": "Not A Slug", "title": "T", "summary": "S"}
    assert ada.client.post(f"/projects/{ada.project()}/template", json=words).status_code == 400


def test_activity_tells_who_did_what_to_whom(ada: Person, bob: Person) -> None:
    """Managers see what happened, newest first, and no network."""
    key = ada.project()
    ada.welcome(key, bob)
    entries = ada.client.get(f"/projects/{key}/activity").get_json()["activity"]
    assert [(entry["action"], entry["actor_id"], entry["about_id"]) for entry in entries] == [
        ("member.joined", bob.id, None),
        ("member.invited", ada.id, bob.id),
        ("project.created", ada.id, None),
    ]
    assert "ip_prefix" not in entries[0]


def test_own_activity_shows_ones_network_and_turns_pages(ada: Person) -> None:
    """A person sees their own entries with the network prefix; ``before`` continues after an entry."""
    ada.project()
    newest, oldest = ada.client.get("/activity").get_json()["activity"]
    assert (newest["action"], newest["ip_prefix"]) == ("project.created", "127.0.0.0/24")
    assert ada.client.get(f"/activity?before={newest['id']}").get_json()["activity"] == [oldest]
    assert ada.client.get("/activity?before=x").status_code == 400


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("not an address", None),
        (None, None),
    ],
)
def test_only_the_prefix_of_an_address_is_kept(address: str | None, kept: str | None) -> None:
    """24 bits of IPv4, 48 of IPv6, nothing of anything else."""
    assert prefix(address) == kept
