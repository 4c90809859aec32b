"""A training is resumed as the one that was stopped, or not at all."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader, Dataset

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import EpochSeedHook, read_checkpoint, same_training
from mmseg_mm.engine.checkpoint_entries import only_known
from mmseg_mm.engine.epoch_seed import remaining_iterations
from mmseg_mm.engine.same_training import BATCH, RECORD, require_same_training, training_record
from tests.mmseg_mm.engine.conftest import script


class Draws(Dataset):
    """Samples that are their index and a random number."""

    data_root = "/data"

    def __init__(self, count=12):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return index, float(np.random.rand())

    def get_data_info(self, index):
        return {"img_path": f"/data/{index}"}


def runner(batch=4, images=12, **options):
    """As much of a runner as is looked at, of an epoch of three batches."""
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    config = {"optim_wrapper": {"optimizer": {"lr": 0.1, "betas": (0.9, 0.99)}}, "param_scheduler": [{"T_max": 2}]}
    config = Config(config)
    config.merge_from_dict(options)
    said = []
    logger = SimpleNamespace(warning=said.append)
    loader = DataLoader(Draws(images), batch_size=batch)
    return SimpleNamespace(train_dataloader=loader, train_loop=loop, cfg=config, logger=logger, said=said)


def state(of=None, epoch=2, iteration=6):
    meta = {"epoch": epoch, "iter": iteration, **({RECORD: training_record(of)} if of else {})}
    return {"meta": meta, "optimizer": {}}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch": 6}, r"train_dataloader.batch_size x processes was 4 and is 6; batches of an epoch was 3 and is 2"),
        ({"images": 20}, "images of an epoch was 12 and is 20"),
        ({"optim_wrapper.optimizer.lr": 0.01}, "optim_wrapper.optimizer.lr was 0.1 and is 0.01"),
        ({"param_scheduler.0.T_max": 4}, "param_scheduler.0.T_max was 2 and is 4"),
        ({"train_dataloader": {"sampler": {"shuffle": False}}}, "train_dataloader.sampler.shuffle was None and is Fal"),
    ],
)
def test_what_a_state_does_not_fit_is_named_with_both_values(changed, message):
    with pytest.raises(InputError, match=f"--resume: the training of w/epoch_2.pth cannot go on .*{message}"):
        require_same_training(runner(**changed), state(runner()), "w/epoch_2.pth")


def test_what_makes_no_difference_is_taken(monkeypatch):
    require_same_training(runner(**{"train_cfg": {"max_epochs": 9}}), state(runner()), "w/epoch_2.pth")
    before = state(runner())
    monkeypatch.setattr(same_training, "get_world_size", lambda: 2)
    halved = runner(batch=2, images=12)
    halved.train_dataloader = DataLoader(halved.train_dataloader.dataset, batch_size=2, sampler=range(6))
    require_same_training(halved, before, "w/epoch_2.pth")
    assert training_record(halved)[BATCH] == 4


def test_other_images_are_warned_of():
    other = runner()
    other.train_dataloader.dataset.get_data_info = lambda index: {"img_path": f"/data/other/{index}"}
    require_same_training(other, state(runner()), "w/epoch_2.pth")
    assert other.said == ["w/epoch_2.pth was trained on other images: results will differ from an uninterrupted run"]


@pytest.mark.parametrize(("batch", "fits"), [(4, True), (6, False), (2, False)])
def test_a_checkpoint_that_says_nothing_must_be_within_its_epoch(batch, fits):
    if fits:
        require_same_training(runner(batch), state(), "old.pth")
        require_same_training(runner(batch), state(iteration=8), "old.pth")
        return
    with pytest.raises(InputError, match=f"old.pth was saved after 6 iterations, 2 epochs .*batch_size {batch} have"):
        require_same_training(runner(batch), state(), "old.pth")


@pytest.mark.parametrize("content", [{"state_dict": {}}, {"meta": {"epoch": 1, "iter": 3}}, {"meta": None}])
def test_weights_alone_are_no_state(content):
    with pytest.raises(InputError, match=r"best.pth is not a whole state of a training; load_from=best.pth begins"):
        require_same_training(runner(), content, "best.pth")


@pytest.mark.parametrize("sampler", [DefaultSampler, InfiniteSampler])
def test_iterations_go_on_after_those_that_are_done(sampler):
    """Over three turns of the data set, with the same random numbers."""

    def batches(done):
        loader = DataLoader(Draws(), 4, sampler=sampler(Draws(), seed=3), collate_fn=list)
        next(iter(loader))  # The host's loop draws from it first.
        found = remaining_iterations(loader, 7, done)
        return [next(found) for _ in range(8)]

    whole = batches(0)
    assert batches(5) == [None] * 5 + whole[5:]
    assert sorted(index for batch in whole[:3] for index, _ in batch) == list(range(12))
    assert whole[:3] != whole[3:6] and len({number for batch in whole for _, number in batch}) == 32


def test_the_order_follows_the_seed_of_the_checkpoint():
    """The host builds the sampler before it knows it."""
    found = runner()
    found.train_dataloader = DataLoader(Draws(), 4, sampler=DefaultSampler(Draws(), seed=1))
    found.train_loop.dataloader, found.seed = found.train_dataloader, 5
    EpochSeedHook().before_train(found)
    assert found.train_loop.dataloader.batch_sampler.sampler.seed == 5


def test_another_batch_is_refused_by_the_script(trained, config, tmp_path):
    other = tmp_path / "resumed"
    other.mkdir()
    (other / "epoch_1.pth").write_bytes((trained / "epoch_1.pth").read_bytes())
    with pytest.raises(InputError, match="batch_size x processes was 4 and is 8; batches of an epoch was 2 and is 1"):
        script("train.py", config, other, "--resume", **{"train_dataloader.batch_size": 8})


def test_training_by_iterations_goes_on_as_if_it_had_not_stopped(config, tmp_path):
    """Of one batch of five a turn of eight images, so that the third is of the third turn."""
    made = Config.fromfile(config)
    made.train_cfg = {"by_epoch": False, "max_iters": 3, "val_interval": 9}
    made.val_dataloader = made.val_cfg = made.val_evaluator = None
    made.param_scheduler = [{"type": "PolyLR", "by_epoch": False, "end": 3}]
    made.default_hooks.checkpoint.update(by_epoch=False, interval=1, max_keep_ckpts=9)
    made.log_processor = {"by_epoch": False}
    made.train_dataloader.batch_size = 5
    made.dump(tmp_path / "by_iteration.py")
    whole = script("train.py", str(tmp_path / "by_iteration.py"), tmp_path / "whole")
    (tmp_path / "part").mkdir()
    (tmp_path / "part/iter_2.pth").write_bytes((whole / "iter_2.pth").read_bytes())
    part = script("train.py", str(tmp_path / "by_iteration.py"), tmp_path / "part", "--resume")
    first, second = (read_checkpoint(str(folder / "iter_3.pth"))["state_dict"] for folder in (whole, part))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_taken_from_a_checkpoint_has_the_settings_of_its_training():
    """Else a training with other batches would go on as if nothing were known of the first."""
    then = runner()
    taken = only_known(state(of=then), "epoch_2.pth")
    require_same_training(then, taken, "epoch_2.pth")
    with pytest.raises(InputError, match="images of an epoch was 12 and is 11"):
        require_same_training(runner(images=11), taken, "epoch_2.pth")
