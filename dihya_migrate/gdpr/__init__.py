"""Personal data: declared on the models, mapped, exported, erased. Here are the declarations only."""

from .declarations import (
    mentions,
    not_personal,
    owned_by,
    personal,
    refers_to,
    secret,
    shared,
    stop,
    subject,
    third_party,
)
from .strategies import const, delete_row, keep, null, opaque, pseudonym, reassign, refuse, trunc_date

__all__ = [
    "const",
    "delete_row",
    "keep",
    "mentions",
    "not_personal",
    "null",
    "opaque",
    "owned_by",
    "personal",
    "pseudonym",
    "reassign",
    "refers_to",
    "refuse",
    "secret",
    "shared",
    "stop",
    "subject",
    "third_party",
    "trunc_date",
]
