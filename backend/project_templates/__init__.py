"""Templates that a project can be started from."""
