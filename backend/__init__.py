"""The Dihya Coding backend: a small Flask application on top of ``dihya_migrate``."""
