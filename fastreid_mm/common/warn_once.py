"""Warnings that are logged once, however often their cause occurs."""

import logging
from functools import cache

logger = logging.getLogger("fastreid.mm")


@cache
def warn_once(message: str) -> None:
    """Log a warning, unless this process has logged the same one before."""
    logger.warning(message)
