"""The state of the three generators that the hosts' transforms draw from: Python's, NumPy's and PyTorch's."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def random_state() -> tuple:
    """Of the three generators."""
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def set_random_state(state: tuple) -> None:
    """Go on from what :func:`random_state` gave."""
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])


@contextmanager
def seeded(python: int, numpy: int, pytorch: int) -> Iterator[None]:
    """Let the three generators begin anew within the block, and go on as before after it.

    Args:
        python, numpy, pytorch: words of 32 bits, as :func:`fastreid_mm.common.random_streams.stream_words` gives them.
    """
    before = random_state()
    random.seed(python)
    np.random.seed(numpy)
    torch.default_generator.manual_seed(pytorch)  # of the CPU alone: nothing is augmented on a GPU
    try:
        yield
    finally:
        set_random_state(before)
