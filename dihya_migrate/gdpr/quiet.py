"""An engine whose statements nobody logs: ``echo=True`` and DEBUG logging print parameters and rows."""

from __future__ import annotations

import logging

from sqlalchemy import Engine
from sqlalchemy.log import instance_logger

_NAME = "dihya_gdpr"


def quiet(engine: Engine) -> Engine:
    """*engine* with the same pool and events, but silent and with hidden parameters."""
    own = engine.execution_options()
    own.logging_name = _NAME
    own.hide_parameters = True
    for cls in {type(own), Engine, type(engine)}:
        logging.getLogger(f"{cls.__module__}.{cls.__name__}.{_NAME}").setLevel(logging.ERROR)
    instance_logger(own, echoflag=False)
    return own
