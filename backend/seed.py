"""``flask seed``: believable, invented data for development and for the demonstration.

The same number of people gives the same rows on every machine. Addresses end in ``example.org`` or
``example.test``, networks are those set aside for documentation, and nobody can sign in: the accounts have no
password that would match.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from .extensions import db
from .logs.models import Activity
from .logs.recorder import Action
from .plugins.models import Installation, Plugin
from .project_templates.models import ProjectTemplate
from .projects.models import Invitation, Member, Project
from .seed_words import FAMILY, GIVEN, NETWORKS, PLUGINS, PROJECTS, TEMPLATES
from .users.models import User

START = datetime(2026, 1, 5, 8, 0, tzinfo=timezone.utc)
NO_PASSWORD = "!"  # noqa: S105 - no hash looks like this, so no password matches


@dataclass
class Seeder:
    """Fills an empty database; *random* decides everything that is left to chance."""

    people: int
    random: Random

    def fill(self) -> dict[str, int]:
        """Add everything to the session and return how many rows of each kind there are."""
        users = self._users()
        plugins = [Plugin(**words) for words in PLUGINS]
        db.session.add_all([*users, *plugins])
        db.session.flush()
        templates = self._templates(users, plugins)
        db.session.add_all(templates)
        db.session.flush()
        projects = [self._project(index, users, templates) for index in range(max(3, self.people // 3))]
        db.session.add_all(projects)
        db.session.flush()
        rows = [row for project in projects for row in self._around(project, plugins)]
        rows += [self._entry("account.opened", user.id, user.created_at) for user in users]
        db.session.add_all(sorted(rows, key=lambda row: getattr(row, "occurred_at", START)))
        return {
            "people": len(users),
            "plugins": len(plugins),
            "templates": len(templates),
            "projects": len(projects),
        }

    def _users(self) -> list[User]:
        return [self._user(index) for index in range(self.people)]

    def _user(self, index: int) -> User:
        given = GIVEN[index % len(GIVEN)]
        # 7 has no factor in common with the number of family names: pairs repeat as late as possible.
        family = FAMILY[(index * 7 + index // len(GIVEN)) % len(FAMILY)]
        local = f"{given}.{family}".lower().replace(" ", "")
        opened = START + timedelta(hours=9 * index)
        return User(
            email=f"{local}{index + 1}@example.{'org' if index % 3 else 'test'}",
            password_hash=NO_PASSWORD,
            given_name=given,
            family_name=family,
            display_name=given if index % 5 == 4 else f"{given} {family}",
            theme=self.random.choice(("system", "light", "dark")),
            created_at=opened,
            last_login_at=opened + timedelta(days=self.random.randint(1, 200)) if index % 7 else None,
        )

    def _templates(self, users: list[User], plugins: list[Plugin]) -> list[ProjectTemplate]:
        by_slug = {plugin.slug: plugin for plugin in plugins}
        return [
            ProjectTemplate(
                slug=slug,
                title=title,
                summary=summary,
                author_id=users[number % len(users)].id,
                created_at=START + timedelta(days=30 + number),
                plugins=[by_slug[wanted] for wanted in chosen],
            )
            for number, (slug, title, summary, chosen) in enumerate(TEMPLATES)
        ]

    def _project(self, index: int, users: list[User], templates: list[ProjectTemplate]) -> Project:
        # The first person owns the first project and works in the second, whatever chance says.
        owner = users[index % len(users)]
        others = [user for user in users if user is not owner]
        team = self.random.sample(others, k=min(len(others), self.random.randint(1, 5)))
        if index == 1 and users[0] not in team:
            team[0] = users[0]
        created = START + timedelta(days=40 + 3 * index)
        name, description = PROJECTS[index % len(PROJECTS)]
        members = [Member(user_id=owner.id, role="owner", joined_at=created)]
        members += [
            Member(
                user_id=user.id,
                role="maintainer" if place == 0 else "member",
                invited_by_id=owner.id,
                joined_at=created + timedelta(days=place + 1),
            )
            for place, user in enumerate(team)
        ]
        return Project(
            owner_id=owner.id,
            template_id=templates[index % len(templates)].id if index % 2 else None,
            name=name if index < len(PROJECTS) else f"{name} {index // len(PROJECTS) + 1}",
            description=description,
            created_at=created,
            members=members,
        )

    def _around(self, project: Project, plugins: list[Plugin]) -> list[object]:
        owner, *others = sorted(project.members, key=lambda member: member.joined_at)
        rows: list[object] = [self._entry("project.created", owner.user_id, owner.joined_at, project)]
        for member in others:
            invited = member.joined_at - timedelta(hours=20)
            rows.append(self._entry("member.invited", owner.user_id, invited, project, member.user_id))
            rows.append(self._entry("member.joined", member.user_id, member.joined_at, project))
        for number, plugin in enumerate(self.random.sample(plugins, k=self.random.randint(1, 3))):
            when = project.created_at + timedelta(days=2, hours=number)
            who = self.random.choice(project.members).user_id
            rows.append(
                Installation(
                    project_id=project.id, plugin_id=plugin.id, installed_by_id=who, installed_at=when
                )
            )
            rows.append(self._entry("plugin.installed", who, when, project))
        rows.append(
            Invitation(
                project_id=project.id,
                email=f"guest{project.id}@example.test",
                role="member",
                invited_by_id=owner.user_id,
                created_at=project.created_at + timedelta(days=12),
            )
        )
        return rows

    def _entry(
        self,
        action: Action,
        actor_id: int,
        when: datetime,
        project: Project | None = None,
        about_id: int | None = None,
    ) -> Activity:
        return Activity(
            action=action,
            actor_id=actor_id,
            occurred_at=when,
            project_id=project.id if project else None,
            about_id=about_id,
            ip_prefix=self.random.choice(NETWORKS),
        )


@click.command("seed")
@click.option(
    "--people",
    default=36,
    show_default=True,
    type=click.IntRange(3, 10_000),
    help="How many accounts to make.",
)
@with_appcontext
def command(people: int) -> None:
    """Fill an empty database with invented people and projects.

    Example: flask seed --people 200
    """
    if db.session.scalar(select(func.count()).select_from(User)):
        raise click.ClickException(
            "there are accounts in this database already; 'flask seed' only fills an empty one"
        )
    counts = Seeder(people, Random(people)).fill()  # noqa: S311 - invented data, not a key
    db.session.commit()
    click.echo(", ".join(f"{number} {kind}" for kind, number in counts.items()))
