import pytest

from fastreid_mm.common.random_streams import stream_words


def test_words_repeat_differ_and_fit_every_generator():
    seeds = (0, 1, 2, 42_950, 2**24 - 1, 2**32 - 1, 2**70 + 3)
    words = {(seed, epoch): stream_words(seed, epoch)[0] for seed in seeds for epoch in range(50)}
    assert all(0 <= word < 2**32 for word in words.values())
    assert len(set(words.values())) == len(words)  # 350 of 2**32: a collision would be a mistake
    assert stream_words(1, 2, count=3) == stream_words(1, 2, count=3) and len(set(stream_words(1, 2, count=3))) == 3


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError):
        stream_words(-1)
