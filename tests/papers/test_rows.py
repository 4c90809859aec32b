"""No row rots: its configs and keys load, and its network is built and trained a step at a reduced size."""

from functools import cache, reduce

import pytest
import torch
from fastreid.modeling import build_model
from mmengine.config import Config

from fastreid_mm.common.shipped_configs import find_config
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.papers.job import jobs, key_words
from fastreid_mm.papers.paper import PAPERS, read_paper
from fastreid_mm.settings.load import load_config
from fastreid_mm.settings.unread_keys import RecordedConfig
from tests.conftest import write_tiny_config
from tests.mmseg_mm.models.test_mutual_former_segmentor import images
from tests.mmseg_mm.small_model import build_model as build_saliency
from tests.mmseg_mm.small_model import samples, squares
from tests.modeling.test_architectures import batch_of

TABLES = [(paper, table.name) for paper in PAPERS for table in read_paper(paper).tables]
OF_A_SET = ("DATASETS", "OUTPUT_DIR", "SOLVER.WARMUP_ITERS")
"""Keys in which two configs may differ and be the same network."""

VIT = "MODEL.MUTUALFORMER.VIT"
"""Read for pretrained networks alone."""


def runs(paper, table):
    """Rows of a table with their jobs, each config and keys once."""
    found = {}
    content = read_paper(paper).table(table)
    for row in content.rows:
        for name in row.only if row.method else ():
            for job in jobs(row, content.columns[name], [1], {}):
                found[job.config, str(job.keys), str(job.test)] = row, job
    return found.values()


def value_of(cfg, key):
    return reduce(lambda node, part: node[part], key.split("."), cfg)


plain = cache(lambda config: load_config(config, []))


@pytest.mark.parametrize("paper, table", TABLES)
def test_configs_and_keys_of_a_row_load(paper, table):
    for _, job in runs(paper, table):
        if job.saliency:
            config = Config.fromfile(find_config(job.config, "mmseg_mm"))
            for key, value in job.keys.items():
                assert value_of(config, key) != value, key
        else:
            cfg, keys = load_config(job.config, key_words({**job.keys, **job.test})), {**job.keys, **job.test}
            assert not keys or cfg != plain(job.config), keys


@pytest.mark.parametrize("paper", PAPERS)
def test_configs_have_the_settings_that_are_listed_with_their_sources(paper):
    for setting in read_paper(paper).settings:
        for name in setting.configs:
            saliency = name.endswith(".py")
            cfg = Config.fromfile(find_config(name, "mmseg_mm")) if saliency else plain(name)
            for key, value in setting.keys.items():
                held = value_of(cfg, key)
                held = list(held) if isinstance(held, tuple) else held
                assert held == value and type(held) is type(value), f"{name}: {key} is {held!r}, {setting.source}"


FACTS = (
    *(
        "INPUT.SIZE_TRAIN",
        "INPUT.FLIP.ENABLED",
        "INPUT.PADDING.ENABLED",
        "INPUT.REA.ENABLED",
        "DATALOADER.NUM_INSTANCE",
    ),
    *(f"SOLVER.{key}" for key in ("IMS_PER_BATCH", "OPT", "BASE_LR", "PRETRAINED_LR_FACTOR", "WEIGHT_DECAY")),
    *(f"SOLVER.{key}" for key in ("WARMUP_ITERS", "STEPS", "GAMMA", "MAX_EPOCH")),
    *(
        "DATALOADER.NUM_INSTANCE",
        "MODEL.LOSSES.NAME",
        "MODEL.LOSSES.CE.SCALE",
        "MODEL.LOSSES.CE.EPSILON",
        "TEST.METRIC",
    ),
)
"""Keys that every Re-ID network that a row trains must have a source for."""


def test_every_config_that_is_trained_has_a_source_for_its_settings():
    papers, sourced = [read_paper(name) for name in PAPERS], {}
    for setting in (each for paper in papers for each in paper.settings):
        for config in setting.configs:
            sourced.setdefault(config, set()).update(setting.keys)
    tables = [table for paper in papers for table in paper.tables]
    trained = {
        table.columns[name].config.format(method=row.method)
        for table in tables
        for row in table.rows
        for name in row.only
        if row.method
    }
    lacking = {name: {*FACTS} - sourced[name] for name in trained if not name.endswith(".py")}
    assert not {name: keys for name, keys in lacking.items() if keys}
    assert len(trained) == 17


@pytest.fixture(scope="module")
def stepped():
    """What has been trained a step: rows of several tables and sets are one network."""
    return set()


@pytest.mark.parametrize("paper, table", TABLES)
def test_the_network_of_a_row_trains_a_step(paper, table, stepped, tmp_path):
    for row, job in runs(paper, table):
        step = saliency_step if job.saliency else step_of
        step(job, {**job.keys, **row.small}, stepped, tmp_path)


def step_of(job, keys, stepped, folder):
    """A step of the training, whose weights are those that the test has."""
    tiny = write_tiny_config(folder / "tiny.yml", job.config, folder / "out")
    cfg = load_config(tiny, key_words({**keys, "MODEL.HEADS.NUM_CLASSES": 5}))
    made = "\n".join(line for line in map(str, flat(cfg)) if not line.startswith(OF_A_SET))
    tested = str({key: value for key, value in job.test.items() if key.startswith("MODEL.")})
    if (made, tested) in stepped:
        return
    stepped.add((made, tested))
    torch.manual_seed(0)
    recorded = RecordedConfig(cfg)
    model = build_model(recorded).train()
    if tested != "{}":
        test_keys = {**keys, **job.test, "MODEL.HEADS.NUM_CLASSES": 5}
        build_model(load_config(tiny, key_words(test_keys))).load_state_dict(model.state_dict())
    if made in stepped:
        return
    stepped.add(made)
    optimizer = build_optimizer(cfg, model)
    before = [value.detach().clone() for value in model.parameters()]
    losses = model(batch_of(cfg))
    assert losses and all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    optimizer.step()
    assert any(not torch.equal(value, old) for value, old in zip(model.parameters(), before))
    unread = {key for key in keys if key.startswith("MODEL.")} - recorded.reads - {VIT}
    assert not unread, "nothing reads it"


def flat(node, prefix=""):
    for key, value in sorted(node.items()):
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}={value!r}"


def saliency_step(job, keys, stepped, folder):
    if str(keys) in stepped:
        return
    stepped.add(str(keys))
    model = build_saliency(**{"model.decode_head.detail": "none", **keys}).train()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = [value.detach().clone() for value in model.parameters()]
    losses = model.loss(images(), samples(squares()))
    sum(value for name, value in losses.items() if "loss" in name).backward()
    optimizer.step()
    assert any(not torch.equal(value, old) for value, old in zip(model.parameters(), before))
