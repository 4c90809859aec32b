import pytest
from fastreid.utils import comm

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.host_batches import HOST_SAMPLERS, HostBatches

ITEMS = [(f"{pid}-{n}", f"p{pid}", n % 2, 0) for pid in range(6) for n in range(5)]


@pytest.mark.parametrize("name", HOST_SAMPLERS)
def test_epochs_end_differ_and_repeat(name):
    batches = HostBatches(name, ITEMS, 8, 4, seed=1)
    first = list(batches)
    assert len(first) == len(batches) == 30 // 8 and all(len(batch) == 8 for batch in first)
    batches.set_epoch(1)
    second = list(batches)
    batches.set_epoch(0)
    assert first == list(batches) and first != second


@pytest.mark.parametrize("seed", [42_950, 2**24 - 1, 2**32, 2**70])
@pytest.mark.parametrize("name", HOST_SAMPLERS)
def test_any_seed_will_do(name, seed):
    """NumPy's older generator, which the host's samplers use, takes 32 bits; a seed that is drawn has 24."""
    first, other = list(HostBatches(name, ITEMS, 8, 4, seed)), list(HostBatches(name, ITEMS, 8, 4, seed - 1))
    assert first == list(HostBatches(name, ITEMS, 8, 4, seed)) and first != other


@pytest.mark.parametrize("name", HOST_SAMPLERS)
def test_the_batches_of_several_processes_are_those_of_one(name, monkeypatch):
    alone = list(HostBatches(name, ITEMS, 8, 2, seed=1))
    monkeypatch.setattr(comm, "get_world_size", lambda: 4)
    for rank in range(4):
        monkeypatch.setattr(comm, "get_rank", lambda rank=rank: rank)
        shares = list(HostBatches(name, ITEMS, 8, 2, seed=1, rank=rank, world_size=4))
        assert shares == [batch[2 * rank : 2 * rank + 2] for batch in alone]


def test_processes_without_an_equal_share_are_refused():
    for name in HOST_SAMPLERS:
        with pytest.raises(InputError, match="SOLVER.IMS_PER_BATCH 8 is not a multiple of 3 processes"):
            HostBatches(name, ITEMS, 8, 2, world_size=3)
    with pytest.raises(InputError, match="16 is not a multiple of DATALOADER.NUM_INSTANCE 4 x 8 processes"):
        HostBatches("NaiveIdentitySampler", ITEMS, 16, 4, world_size=8)


@pytest.mark.parametrize(
    "name, batch, words",
    [
        ("NaiveIdentitySampler", 28, "needs 7 identities, the training set has 6"),
        ("BalancedIdentitySampler", 10, "10 is not a multiple of DATALOADER.NUM_INSTANCE 4"),
        ("TrainingSampler", 64, "64 is more than the 30"),
    ],
)
def test_what_would_spin_for_ever_is_refused(name, batch, words):
    with pytest.raises(InputError, match=words):
        HostBatches(name, ITEMS, batch, 4)
