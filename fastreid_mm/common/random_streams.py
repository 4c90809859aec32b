"""Independent streams of random numbers from one seed."""

import numpy as np


def stream_words(seed: int, *more: int, count: int = 1) -> list[int]:
    """32-bit words that follow from a seed and any further numbers (process, epoch), each set of them its own.

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
