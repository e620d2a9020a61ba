"""The audit trail: events in one hash chain, redacted, in a table and a file."""
