"""Demo configs with some values replaced: built and stepped, or refused."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fuzzing.campaign import Try

CONFIGS = Path(__file__).parents[3] / "configs"
SMALL = {"INPUT.SIZE_TRAIN": "[64, 32]", "INPUT.SIZE_TEST": "[64, 32]", "MODEL.HEADS.NUM_CLASSES": "5"}
RESNET = {"MODEL.BACKBONE.RESNET.NAME": "test_resnet"}
SECTIONS = ("MODEL.", "INPUT.", "SOLVER.", "TEST.METRIC")
"""Beginnings of the keys that decide how a network is built and stepped."""
ODD = ("0", "-1", "1", "2", "3", "7", "0.5", "-0.5", "1e-9", "1e9", ".inf", ".nan", "True", "False", "''", "none")
ODD += ("x y", "()", "[]", "(1,)", "[2, 3]", "(0, 0)", "(1, 2, 3)", "ü", "None", "[[1]]", "{'a': 1}", "../nowhere")
ODD += ("'",)


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Replace some values of a demo config, and make a training step with it."""
    import fastreid_mm.methods  # noqa: F401  registers
    from fastreid_mm.common.keys import leaves
    from fastreid_mm.settings.load import load_config

    values = {}
    for path in sorted((CONFIGS / "demo").glob("*.yml")):
        pairs = leaves(load_config(str(path), []))
        values[path] = [(key, value) for key, value in pairs if key.startswith(SECTIONS) and key not in SMALL]
    while True:
        path = rng.choice(list(values))
        changes = {key: other(value, rng) for key, value in rng.choices(values[path], k=rng.choice((1, 1, 2)))}
        yield Try({path.stem: partial(step, path, changes)}, str(changes))


def other(value: object, rng: random.Random) -> str:
    """Draw another value: half of the time of the same kind, else an odd one of any kind."""
    if rng.random() < 0.5 or isinstance(value, str | list | tuple):
        return rng.choice(ODD)
    if isinstance(value, bool):
        return str(not value)
    return str(type(value)(value * rng.choice((-1, 0, 0.5, 2, 3, 10)) + rng.choice((0, 0, 1))))


def words(options: dict[str, str]) -> list[str]:
    """List keys and values as the command line does."""
    return [word for pair in options.items() for word in pair]


def step(path: Path, changes: dict[str, str]) -> None:
    """Build the small network of a demo config with some other values, and make one step."""
    from recording.reid import batch_of

    from fastreid_mm.data.transforms import build_transforms
    from fastreid_mm.engine.trainer import MMTrainer
    from fastreid_mm.settings.config_values import refuse_impossible
    from fastreid_mm.settings.load import load_config

    small = SMALL | ({} if path.stem.startswith("cmtr") else RESNET)
    if path.stem.startswith("mun"):
        small["MODEL.MUN.RATIOS"] = "[2, 4]"
    cfg = load_config(str(path), words(small | changes))
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
