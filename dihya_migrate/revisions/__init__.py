"""Revision scripts and runs: the only package that knows Alembic."""
