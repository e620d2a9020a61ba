"""Ratios against Flask-Migrate, measured in one run on one machine."""
