"""Writing to the activity log."""

from __future__ import annotations

import ipaddress
from typing import Literal

from flask import has_request_context, request

from ..extensions import db
from ..users.models import User
from .models import Activity

Action = Literal[
    "account.opened",
    "account.changed",
    "session.opened",
    "project.created",
    "project.changed",
    "member.invited",
    "member.joined",
    "member.removed",
    "plugin.installed",
    "plugin.removed",
    "template.published",
]
"""The closed list of what can be logged; a new action is added here and nowhere else."""

KEPT_BITS = {4: 24, 6: 48}


def record(action: Action, actor: User, *, project_id: int | None = None, about: User | None = None) -> None:
    """Add an entry to the session; it is stored, or not, together with what it tells of."""
    db.session.add(
        Activity(
            action=action,
            actor_id=actor.id,
            project_id=project_id,
            about_id=about.id if about else None,
            ip_prefix=prefix(request.remote_addr) if has_request_context() else None,
        )
    )


def prefix(address: str | None) -> str | None:
    """The network of *address*, such as ``192.0.2.0/24``; None when it is no address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed.packed, KEPT_BITS[parsed.version]), strict=False))
