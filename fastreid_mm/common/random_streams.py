"""Independent streams of random numbers from one seed, and the three generators that transforms draw from."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def stream_words(seed: int, *more: int, count: int = 1) -> list[int]:
    """Draw 32-bit words that follow from a seed and any further numbers (process, epoch), each set of them its own.

    Every generator takes such a word, whatever the size of the seed: NumPy's older one refuses seeds of more than 32
    bits, so none may be made by multiplying.

    Args:
        seed: at least 0, of any size.
        more: at least 0 each.
        count: how many words.

    Raises:
        ValueError: a negative number.

    Example:
        >>> stream_words(1, 0) == stream_words(1, 0), stream_words(1, 0) == stream_words(1, 1)
        (True, False)
    """
    return np.random.SeedSequence((seed, *more)).generate_state(count).tolist()


def random_state() -> tuple:
    """Return the state of Python's, NumPy's and PyTorch's generators, the last that of the CPU."""
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
        python, numpy, pytorch: words of 32 bits, as :func:`stream_words` gives them.
    """
    before = random_state()
    random.seed(python)
    np.random.seed(numpy)
    torch.default_generator.manual_seed(pytorch)  # of the CPU alone: nothing is augmented on a GPU
    try:
        yield
    finally:
        set_random_state(before)
