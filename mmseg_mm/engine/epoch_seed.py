"""Random numbers of an epoch that follow from the seed and its number alone, so that resuming changes nothing."""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner
from mmengine.runner.utils import set_random_seed
from mmseg.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds Python, NumPy and PyTorch anew before every epoch of training."""

    def before_train_epoch(self, runner: Runner) -> None:
        """Called by the runner."""
        sequence = np.random.SeedSequence([runner.seed, runner.epoch, get_rank()])
        set_random_seed(int(sequence.generate_state(1)[0]))


@FUNCTIONS.register_module()
def seed_worker(worker_id: int, **_: object) -> None:
    """Seeds a loader's process from the epoch's seed, for ``worker_init_fn=dict(type="seed_worker")``.

    mmengine's own function gives a process the same numbers in every epoch. Needs ``persistent_workers=False``: a
    process that lives on is not seeded again.
    """
    seed = torch.initial_seed() % 2**32  # PyTorch's, drawn when the epoch's processes start
    random.seed(seed)
    np.random.seed(seed)
