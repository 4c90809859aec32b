"""Seeding every epoch from the seed and the number of the epoch alone, so that resuming changes no random numbers."""

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
        """Seed all generators from the seed, the number of the epoch and the rank."""
        sequence = np.random.SeedSequence([runner.seed, runner.epoch, get_rank()])
        set_random_seed(int(sequence.generate_state(1)[0]))


@FUNCTIONS.register_module()
def seed_worker(worker_id: int, **_: object) -> None:
    """Seed a worker process of a data loader from the seed of the epoch.

    A config selects it by ``worker_init_fn=dict(type="seed_worker")``. mmengine's own function would give a process the
    same random numbers in every epoch. ``persistent_workers`` must be False, since a process that outlives its epoch is
    not seeded again.
    """
    seed = torch.initial_seed() % 2**32  # PyTorch draws it when the processes of an epoch start.
    random.seed(seed)
    np.random.seed(seed)
