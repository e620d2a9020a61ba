"""Flask-Migrate with validated, locked, atomic and audited runs, and answers to data subject requests."""

from ._version import __version__ as __version__
