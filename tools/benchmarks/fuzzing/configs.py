"""Demo configs with some values replaced: built and stepped, or refused."""

import random
from collections import Counter
from pathlib import Path

from fuzzing.outcome import count, outcome

CONFIGS = Path(__file__).parents[3] / "configs" / "demo"
SMALL = {"INPUT.SIZE_TRAIN": "[64, 32]", "INPUT.SIZE_TEST": "[64, 32]", "MODEL.HEADS.NUM_CLASSES": "5"}
RESNET = {"MODEL.BACKBONE.RESNET.NAME": "test_resnet"}
SECTIONS = ("MODEL.", "INPUT.", "SOLVER.", "TEST.METRIC")
"""Beginnings of the keys that decide how a network is built and stepped."""
ODD = (
    "0",
    "-1",
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "-0.5",
    "1e-9",
    "1e9",
    ".inf",
    ".nan",
    "True",
    "False",
    "''",
    "none",
    "x y",
)
ODD += ("()", "[]", "(1,)", "[2, 3]", "(0, 0)", "(1, 2, 3)", "ü", "None", "[[1]]", "{'a': 1}", "../nowhere", "'")


def fuzz(times: int, seed: int) -> Counter:
    """Count the outcomes of a training step on configs with some values replaced, by method."""
    import fastreid_mm.methods  # noqa: F401  registers
    from fastreid_mm.common.errors import InputError
    from fastreid_mm.common.keys import leaves
    from fastreid_mm.settings.load import load_config

    rng, counts = random.Random(seed), Counter()
    names = sorted(path.name for path in CONFIGS.glob("*.yml"))
    keys = {
        name: [
            pair
            for pair in leaves(load_config(str(CONFIGS / name), []))
            if pair[0].startswith(SECTIONS) and pair[0] not in SMALL
        ]
        for name in names
    }
    for index in range(times):
        name = rng.choice(names)
        changes = {key: other(value, rng) for key, value in rng.choices(keys[name], k=rng.choice((1, 1, 2)))}
        result = outcome(lambda: step(name, changes), (InputError, FloatingPointError))  # noqa: B023  called at once
        count(counts, name.removesuffix(".yml"), result, f"config {index} of seed {seed}, {changes}")
    return counts


def other(value: object, rng: random.Random) -> str:
    """Draw another value: half of the time of the same kind, else an odd one of any kind."""
    if rng.random() < 0.5 or isinstance(value, str | list | tuple):
        return rng.choice(ODD)
    if isinstance(value, bool):
        return str(not value)
    return str(type(value)(value * rng.choice((-1, 0, 0.5, 2, 3, 10)) + rng.choice((0, 0, 1))))


def step(name: str, changes: dict[str, str]) -> None:
    """Build the small network of a demo config with some other values, and make one step."""
    from recording.reid import batch_of

    from fastreid_mm.data.transforms import build_transforms
    from fastreid_mm.engine.trainer import MMTrainer
    from fastreid_mm.settings.config_values import refuse_impossible
    from fastreid_mm.settings.load import load_config

    small = SMALL | ({} if name.startswith("cmtr") else RESNET)
    if name.startswith("mun"):
        small["MODEL.MUN.RATIOS"] = "[2, 4]"
    cfg = load_config(str(CONFIGS / name), [word for pair in (small | changes).items() for word in pair])
    refuse_impossible(cfg)
    build_transforms(cfg, is_train=True)
    model = MMTrainer.build_model(cfg).train()
    optimizer = MMTrainer.build_optimizer(cfg, model)
    MMTrainer.build_lr_scheduler(cfg, optimizer, iters_per_epoch=3)
    total = sum(model(batch_of(cfg)).values())
    if not bool(total.isfinite()):
        raise FloatingPointError("a loss is not finite")
    total.backward()
    optimizer.step()
