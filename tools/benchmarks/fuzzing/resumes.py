"""Trainings that are resumed with other settings: exactly the remaining epochs are trained, or the run is refused."""

import logging
import os
import random
import tempfile
from collections import Counter
from pathlib import Path

from fuzzing.outcome import count, outcome

CONFIG = Path(__file__).parents[3] / "configs" / "RegDB" / "agw.yml"
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


def fuzz(times: int, seed: int) -> Counter:
    """Count the outcomes of resuming a stopped training with one or two settings changed, by key."""
    if not times:
        return Counter()
    import fastreid_mm.engine  # noqa: F401  first
    from fastreid_mm.common.errors import InputError

    logging.disable(logging.INFO)
    rng, counts = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        _draw(Path(folder, "RegDB"))
        os.environ["FASTREID_DATASETS"] = folder
        for index in range(times):
            pool = {**FREE, **OTHER}
            changes = {key: rng.choice(pool[key]) for key in rng.sample(sorted(pool), k=rng.choice((1, 1, 2)))}
            stop, output = rng.randint(1, 9), str(Path(folder, f"out{index}"))
            wrong: list[str] = []
            result = outcome(lambda: _resume(changes, stop, output, wrong), (InputError,))  # noqa: B023  called at once
            result = f"WRONG {wrong[0]}" if wrong else result
            for key in changes:
                count(counts, f"resume: {key}", result, f"resume {index} of seed {seed}, stopped at {stop}, {changes}")
    return counts


def _draw(folder: Path) -> None:
    """Draw a data set in RegDB's layout: 8 + 4 people in two trials, two images of both kinds, a colour each."""
    from PIL import Image

    (folder / "idx").mkdir(parents=True)
    for kind in ("Visible", "Thermal"):
        for person in range(16):
            (folder / kind / str(person)).mkdir(parents=True)
            for number in (1, 2):
                colour = (16 * person, 99, 80 * number)
                Image.new("RGB", (16, 32), colour).save(folder / kind / str(person) / f"{number}.bmp")
        for trial, people in (("1", range(16)), ("2", range(15, -1, -1))):
            for part, chosen in (("train", [*people][:12]), ("test", [*people][12:])):
                names = [f"{kind}/{person}/{n}.bmp {label}\n" for label, person in enumerate(chosen) for n in (1, 2)]
                (folder / "idx" / f"{part}_{kind.lower()}_{trial}.txt").write_text("".join(names))


def _trainer(changes: dict[str, str], output: str) -> object:
    from fastreid_mm.engine import MMTrainer
    from fastreid_mm.settings.load import load_config

    class Untested(MMTrainer):
        """Trainer without tests."""

        @classmethod
        def test(cls, *_: object) -> dict:
            return {}

    options = [word for pair in (BASE | changes | {"OUTPUT_DIR": output}).items() for word in pair]
    return Untested(load_config(str(CONFIG), options))


def _resume(changes: dict[str, str], stop: int, output: str, wrong: list[str]) -> None:
    """Stop a training after some iterations, resume it with changes, and compare with the calculated epochs."""
    first = _trainer({}, output)
    stop = min(stop, first.max_iter)
    length = first.iters_per_epoch
    first.save("model_iter", stop // length, stop)
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("fastreid.mm").addHandler(handler)
    try:
        trainer = _trainer(changes, output)
        trainer.resume_or_load(resume=True)
        steps: list[int] = []
        run_step = trainer.run_step
        trainer.run_step = lambda: steps.append(trainer.iter) or run_step()
        trainer.train()
    finally:
        logging.getLogger("fastreid.mm").removeHandler(handler)
    epochs = int((BASE | changes)["SOLVER.MAX_EPOCH"])
    if trainer.iters_per_epoch != length or steps != list(range(stop, epochs * length)):
        wrong.append(f"iterations {steps[:1]}..{steps[-1:]} of epochs of {length}, stopped at {stop}")
    real = [key for key in changes if key in OTHER and _differs(first, trainer, key)]
    unnamed = [key for key in real if not any(key in line for line in messages)]
    if unnamed:
        wrong.append(f"nothing is said of {unnamed[0]}")


def _differs(first: object, second: object, key: str) -> bool:
    from fastreid_mm.settings.unread_keys import leaves

    one, other = dict(leaves(first.cfg)), dict(leaves(second.cfg))
    return one[key] != other[key]
