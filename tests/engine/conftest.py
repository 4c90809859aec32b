import logging

import pytest


@pytest.fixture
def log():
    """Messages of this package's log."""
    messages, handler = [], logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logging.getLogger("fastreid.mm").addHandler(handler)
    yield messages
    logging.getLogger("fastreid.mm").removeHandler(handler)
