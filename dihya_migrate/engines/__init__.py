"""Everything that differs between database servers: a folder each, behind one protocol."""

from .common import kept_beside
from .registry import LockScope, Server, server_of

__all__ = ["LockScope", "Server", "kept_beside", "server_of"]
