"""Everything that differs between database servers: a folder each, behind one protocol."""

from .registry import LockScope, Server, server_of

__all__ = ["LockScope", "Server", "server_of"]
