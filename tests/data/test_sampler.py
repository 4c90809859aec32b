from collections import Counter

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data import CrossModalityIdentitySampler


def make_items(identities=10, visible=5, infrared=3):
    return [
        (f"{pid}-{modality}-{n}", pid, 0, modality)
        for pid in range(identities)
        for modality, count in ((0, visible), (1, infrared))
        for n in range(count)
    ]


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_batches_are_p_by_k_per_modality_in_the_same_identity_order(world_size):
    items = make_items()
    for rank in range(world_size):
        sampler = CrossModalityIdentitySampler(items, 32, 2, seed=3, rank=rank, world_size=world_size)
        for batch in sampler:
            half = len(batch) // 2
            assert half == 16 // world_size
            assert [items[i][3] for i in batch] == [0] * half + [1] * half
            labels = [items[i][1] for i in batch]
            assert labels[:half] == labels[half:]
            assert len(set(labels)) == 8 // world_size and labels[0:half:2] == labels[1:half:2]


def test_processes_together_see_the_batch_of_a_single_one():
    items = make_items()
    single = list(CrossModalityIdentitySampler(items, 32, 2, seed=5))
    parts = [list(CrossModalityIdentitySampler(items, 32, 2, seed=5, rank=rank, world_size=2)) for rank in (0, 1)]
    assert len(single) == len(parts[0])
    for whole, first, second in zip(single, *parts):
        assert sorted(whole) == sorted(first + second)
        assert not {items[i][1] for i in first} & {items[i][1] for i in second}


@pytest.mark.parametrize(
    "visible, infrared, identities, instances, expected",
    [
        (22258, 11909, 395, 4, 696),
        (22258, 11909, 395, 8, 348),  # SYSU-MM01
        (2060, 2060, 206, 4, 65),
        (2060, 2060, 206, 8, 33),  # RegDB
        (60, 64, 10, 4, 3),
        (9, 9, 9, 1, 2),
    ],
)
def test_an_epoch_is_agws(visible, infrared, identities, instances, expected):
    """As many batches of 8 identities as the larger modality fills, and one more."""
    items = [
        ("", number % identities, 0, modality)
        for modality, count in ((0, visible), (1, infrared))
        for number in range(count)
    ]
    sampler = CrossModalityIdentitySampler(items, 16 * instances, instances)
    assert len(sampler) == expected == sum(1 for _ in sampler)


def distinct(replacement, images=10, instances=8):
    """How many different images of an identity each half of the first batches has."""
    items = make_items(8, images, images)
    sampler = CrossModalityIdentitySampler(items, 4 * instances, instances, replacement=replacement)
    halves = []
    for epoch in range(30):
        sampler.set_epoch(epoch)
        for batch in sampler:
            assert [items[index][1] for index in batch] == [
                items[index][1] for index in batch[::instances] for _ in range(instances)
            ]
            halves += [len(set(batch[start : start + instances])) for start in range(0, len(batch), instances)]
    return halves


def test_images_of_an_identity_are_drawn_with_replacement_or_without():
    assert set(distinct(False)) == {8}
    found = distinct(True)
    assert sum(found) / len(found) == pytest.approx(10 * (1 - 0.9**8), abs=0.1)  # 5.7 of RegDB's 10


def test_without_replacement_an_image_comes_again_only_once_all_have_come():
    items = make_items(4, 3, 5)
    batch = next(iter(CrossModalityIdentitySampler(items, 32, 4, replacement=False)))
    counts = [Counter(batch[start : start + 4]) for start in range(0, 32, 4)]
    assert [sorted(count.values()) for count in counts] == [[1, 1, 2]] * 4 + [[1, 1, 1, 1]] * 4


def test_epochs_differ_and_can_be_repeated():
    sampler = CrossModalityIdentitySampler(make_items(), 16, 2, seed=1)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    sampler.set_epoch(0)
    assert first == list(sampler) and first != second
    assert first != list(CrossModalityIdentitySampler(make_items(), 16, 2, seed=2))


def test_every_image_is_drawn_in_the_long_run():
    items = make_items(6, 4, 4)
    sampler = CrossModalityIdentitySampler(items, 16, 2)
    seen = set()
    for epoch in range(40):
        sampler.set_epoch(epoch)
        seen |= {index for batch in sampler for index in batch}
    assert seen == set(range(len(items)))


def test_identities_of_one_modality_are_never_drawn():
    items = [*make_items(4), ("lonely", 99, 0, 0)]
    sampler = CrossModalityIdentitySampler(items, 8, 1)
    assert all(items[i][1] != 99 for batch in sampler for i in batch)


@pytest.mark.parametrize(
    "batch, instances, world, words",
    [
        (30, 4, 1, "30 .* 8 = 2 modalities x DATALOADER.NUM_INSTANCE 4 x 1"),
        (48, 4, 4, "48 .* 32 = .* x 4 processes"),
        (4, 4, 1, "4 is not a multiple of 8"),
        (48, 2, 1, "needs 12 identities, the training set has 10"),
    ],
)
def test_what_cannot_be_sampled_is_refused_with_the_numbers(batch, instances, world, words):
    with pytest.raises(InputError, match=words):
        CrossModalityIdentitySampler(make_items(), batch, instances, world_size=world)
