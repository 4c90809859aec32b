"""Independent streams of random numbers from one seed, and the state of the generators that transforms use."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch


def stream_words(seed: int, *more: int, count: int = 1) -> list[int]:
    """Draw 32-bit words, independent for each set of a seed and further numbers (process, epoch).

    Every generator takes such a word as its seed, while NumPy's older one refuses seeds of more than 32 bits, such as
    products of numbers.

    Args:
        seed: 0 or more, of any size.
        more: further numbers, 0 or more each.
        count: the number of words.

    Raises:
        ValueError: a number is negative.

    Examples:
        >>> stream_words(1, 0) == stream_words(1, 0), stream_words(1, 0) == stream_words(1, 1)
        (True, False)
    """
    return np.random.SeedSequence((seed, *more)).generate_state(count).tolist()


def random_state() -> tuple:
    """Return the states of Python's, NumPy's and PyTorch's generators; PyTorch's is that of the CPU."""
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def set_random_state(state: tuple) -> None:
    """Set the states of the generators to those from :func:`random_state`."""
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])


@contextmanager
def seeded(python: int, numpy: int, pytorch: int) -> Iterator[None]:
    """Seed the three generators within a block, and restore them after it.

    Args:
        python, numpy, pytorch: words of 32 bits, as :func:`stream_words` gives them.
    """
    with restored():
        seed_generators(python, numpy, pytorch)
        yield


@contextmanager
def restored() -> Iterator[None]:
    """Restore the states of the three generators after a block; NumPy's takes 0.1 ms, longer than seeding them all."""
    before = random_state()
    try:
        yield
    finally:
        set_random_state(before)


def seed_generators(python: int, numpy: int, pytorch: int) -> None:
    """Seed the three generators by words of 32 bits."""
    random.seed(python)
    np.random.seed(numpy)
    torch.default_generator.manual_seed(pytorch)  # only the CPU's: nothing is augmented on a GPU


def uniforms(keys: Sequence[tuple[int, ...]], count: int) -> np.ndarray:
    """Draw numbers in [0, 1) for many keys at once, which takes less time than to seed a generator for each.

    SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), whose state is
    mixed with one number of the key after the other.

    Args:
        keys: N keys of equally many whole numbers, 0 or more each; a number counts modulo 2 ** 64.
        count: the number of draws for each.

    Returns:
        (N, count) float64, independent for different keys.
    """
    state = np.zeros(len(keys), np.uint64)
    for column in zip(*keys):
        state = _mix(state ^ np.array([number % 2**64 for number in column], np.uint64))
    words = _mix(state[:, None] + _STEP * np.arange(count, dtype=np.uint64))
    return (words >> np.uint64(11)) * 2.0**-53


_STEP = np.uint64(0x9E3779B97F4A7C15)


def _mix(words: np.ndarray) -> np.ndarray:
    """Advance states of SplitMix64 by one step, and return the words that it gives."""
    words = words + _STEP
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
