"""Warnings that are said once, however often what they are about is computed."""

import logging
from functools import cache

logger = logging.getLogger("fastreid.mm")


@cache
def warn_once(message: str) -> None:
    """Log a warning, unless the very same was logged before by this process."""
    logger.warning(message)
