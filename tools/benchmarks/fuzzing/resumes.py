"""Trainings that are resumed with other settings: exactly the remaining epochs are trained, or the run is refused."""

import logging
import os
import random
from collections.abc import Iterator
from functools import partial
from itertools import count, product
from pathlib import Path

from PIL import Image

from fuzzing.campaign import Try, messages
from fuzzing.configs import CONFIGS, words

FREE = {"DATALOADER.NUM_WORKERS": ("0", "1"), "TEST.EVAL_PERIOD": ("1", "2"), "TEST.IMS_PER_BATCH": ("8", "64")}
"""Keys that do not change a training, with values of them."""
OTHER = {
    "SOLVER.IMS_PER_BATCH": ("4", "8", "12", "16", "24", "32", "48"),
    "DATALOADER.NUM_INSTANCE": ("1", "2", "3", "4"),
    "DATALOADER.REPLACEMENT": ("True", "False"),
    "DATALOADER.SAMPLER_TRAIN": ("NaiveIdentitySampler", "BalancedIdentitySampler", "TrainingSampler"),
    "DATASETS.REGDB.TRIAL": ("1", "2"),
    "DATASETS.COMBINEALL": ("True",),
    "SOLVER.MAX_EPOCH": ("1", "2", "3", "5"),
    "SOLVER.BASE_LR": ("0.1", "0.001"),
    "SOLVER.OPT": ("SGD", "Adam"),
    "SOLVER.SCHED": ("MultiStepLR", "CosineAnnealingLR"),
    "SOLVER.WARMUP_ITERS": ("0", "3", "20"),
    "SOLVER.DELAY_EPOCHS": ("0", "1"),
    "SOLVER.AMP.ENABLED": ("True", "False"),
    "INPUT.REA.PROB": ("0.1", "0.5"),
    "INPUT.SIZE_TRAIN": ("[32, 16]", "[48, 16]"),
}
"""Keys that change a training, with values of them."""
BASE = {
    "MODEL.DEVICE": "cpu",
    "MODEL.BACKBONE.PRETRAIN": "False",
    "MODEL.BACKBONE.RESNET.NAME": "test_resnet",
    "INPUT.SIZE_TRAIN": "[32, 16]",
    "INPUT.SIZE_TEST": "[32, 16]",
    "DATALOADER.NUM_WORKERS": "0",
    "DATALOADER.NUM_INSTANCE": "2",
    "SOLVER.IMS_PER_BATCH": "16",
    "SOLVER.MAX_EPOCH": "3",
    "SOLVER.STEPS": "[1]",
    "SOLVER.CHECKPOINT_PERIOD": "1",
    "SOLVER.WARMUP_ITERS": "0",
    "TEST.EVAL_PERIOD": "0",
    "TEST.RANKS": "(1,)",
    "SEED": "7",
}


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Resume a stopped training with one or two settings changed."""
    import fastreid_mm.engine  # noqa: F401  first
    from data_folders.regdb import write_regdb

    logging.disable(logging.INFO)
    people = product(("visible", "thermal"), range(1, 25), (1, 2))
    images = ((kind, pid, Image.new("RGB", (16, 32), (10 * pid, 99, 80 * number))) for kind, pid, number in people)
    write_regdb(folder / "RegDB", images, {})
    os.environ["FASTREID_DATASETS"] = str(folder)
    pool = FREE | OTHER
    for index in count():
        changes = {key: rng.choice(pool[key]) for key in rng.sample(sorted(pool), k=rng.choice((1, 1, 2)))}
        stop = rng.randint(1, 9)
        call = partial(_resume, changes, stop, str(folder / f"out{index}"))
        yield Try({f"resume: {', '.join(changes)}": call}, f"stopped at {stop}, {changes}")


def _trainer(changes: dict[str, str], output: str) -> object:
    from fastreid_mm.engine import MMTrainer
    from fastreid_mm.settings.load import load_config

    class Untested(MMTrainer):
        """Trainer without tests."""

        @classmethod
        def test(cls, *_: object) -> dict:
            return {}

    config = str(CONFIGS / "RegDB" / "agw.yml")
    return Untested(load_config(config, words(BASE | changes | {"OUTPUT_DIR": output})))


def _resume(changes: dict[str, str], stop: int, output: str) -> None:
    """Stop a training after some iterations, resume it with changes, and compare with the calculated epochs."""
    from fastreid_mm.common.keys import leaves

    first = _trainer({}, output)
    stop, length = min(stop, first.max_iter), first.iters_per_epoch
    first.save("model_iter", stop // length, stop)
    steps: list[int] = []
    with messages() as said:
        trainer = _trainer(changes, output)
        trainer.resume_or_load(resume=True)
        run_step = trainer.run_step
        trainer.run_step = lambda: steps.append(trainer.iter) or run_step()
        trainer.train()
    epochs = int((BASE | changes)["SOLVER.MAX_EPOCH"])
    if trainer.iters_per_epoch != length or steps != list(range(stop, epochs * length)):
        raise AssertionError(f"iterations {steps[:1]}..{steps[-1:]} of epochs of {length}, stopped at {stop}")
    before, after = dict(leaves(first.cfg)), dict(leaves(trainer.cfg))
    for key in changes:
        if key in OTHER and before[key] != after[key] and not any(key in line for line in said):
            raise AssertionError(f"nothing is said of {key}")
