"""Every shipped config file, and the paper's figures in them."""

from pathlib import Path

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets.published_counts import PUBLISHED
from fastreid_mm.settings.load import load_config

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*/*.yml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_config_loads(path):
    cfg = load_config(str(path), [])
    assert cfg.OUTPUT_DIR.startswith("logs/")


@pytest.mark.parametrize("name", ["SYSU/cmtr.yml", "RegDB/cmtr.yml"])
def test_cmtr_is_set_as_in_the_paper(name):
    cfg = load_config(str(CONFIGS / name), [])
    assert cfg.SOLVER.OPT == "AdamW" and cfg.SOLVER.WEIGHT_DECAY == 5e-4
    assert (cfg.SOLVER.BASE_LR, cfg.SOLVER.PRETRAINED_LR_FACTOR) == (1e-3, 0.1)
    assert (cfg.SOLVER.MAX_EPOCH, list(cfg.SOLVER.STEPS), cfg.SOLVER.GAMMA) == (70, [15, 30], 0.1)
    assert (cfg.SOLVER.WARMUP_ITERS, cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE) == (0, 64, 4)
    assert cfg.INPUT.SIZE_TRAIN == [256, 128] and tuple(cfg.MODEL.BACKBONE.STRIDE_SIZE) == (8, 8)
    assert cfg.INPUT.FLIP.ENABLED and cfg.INPUT.REA.ENABLED and not cfg.INPUT.PADDING.ENABLED
    losses = cfg.MODEL.LOSSES
    assert losses.MODALITY_AWARE_CENTER.SCALE == losses.MODALITY_AWARE_IDENTITY.SCALE == 4.0
    assert losses.MODALITY_AWARE_CENTER.DISTANCE == "cosine" and cfg.TEST.METRIC == "cosine"


READINGS = {
    "Base-VI.yml": ["PROB", "METRIC"],
    "Base-HCT.yml": [
        "VALUE",
        "PART_DIM",
        "POOL_EXPONENT",
        "SCALE",
        "PART_SCALE",
        "MARGIN",
        "WARMUP_ITERS",
        "PRETRAINED_LR_FACTOR",
    ],
    "Base-CMT.yml": [
        *("MARGIN", "MINING", "DETACH_FEATURES", "HEADS", "FFN_RATIO", "DROPOUT", "DETACH_CENTROID"),
        *("GENERATOR_REDUCTION", "GENERATOR_SCALE"),
    ],
    "Base-CMTR.yml": [
        "DROP_PATH_RATIO",
        "VALUE",
        "PIXEL_MEAN",
        "PIXEL_STD",
        "EPSILON",
        "EMBED_CLASS_TOKEN",
        "REDUCTION",
        "WEIGHT_DECAY_NORM",
        "WARMUP_ITERS",
    ],
    "Base-MUN.yml": [
        "MARGIN",
        "AUXILIARY_STATISTICS",
        "TR_GROUPS",
        "NORMALIZE",
        "PROTOTYPE_LR_FACTOR",
        "PROB",
        "IMS_PER_BATCH",
        "PRETRAINED_LR_FACTOR",
        "EPSILON",
        "SPECIFIC_STAGES",
    ],
}
"""Keys whose values neither paper nor released code states, by the file that has to say so."""


@pytest.mark.parametrize("name", READINGS)
def test_what_neither_paper_nor_code_states_is_marked_as_a_reading(name):
    lines = (CONFIGS / name).read_text().splitlines()
    marked = {line.split(":")[0].strip() for line in lines if "reading" in line.partition("#")[2]}
    assert set(READINGS[name]) <= marked


@pytest.mark.parametrize("name, epochs", [("agw", 10), ("mun", 15)])
def test_llcm_warms_up_for_whole_epochs_of_the_published_set(name, epochs):
    cfg = load_config(str(CONFIGS / "LLCM" / f"{name}.yml"), [])
    batches = PUBLISHED["LLCM"]["visible training images"] // (cfg.SOLVER.IMS_PER_BATCH // 2) + 1
    assert epochs * batches == cfg.SOLVER.WARMUP_ITERS


@pytest.mark.parametrize(
    "options, named",
    [
        (["MODEL.CMTR.LAMDBA", "1"], "MODEL.CMTR.LAMDBA"),
        (["SOLVER.STEPS", "often"], "SOLVER.STEPS"),
        (["SEED"], "SEED"),
        (["TEST.RERANK.ENABLED", "often"], "TEST.RERANK.ENABLED"),
    ],
)
def test_bad_options_are_named_in_one_line(options, named):
    with pytest.raises(InputError, match=named) as error:
        load_config("", options)
    assert "\n" not in str(error.value)


def test_a_whole_number_will_do_where_a_fraction_may_stand():
    key = "MODEL.LOSSES.MODALITY_AWARE_CENTER.SCALE"
    cfg = load_config("", [key, "0", "MODEL.LOSSES.CE.EPSILON", "1", "SOLVER.MAX_EPOCH", "3"])
    scale = cfg.MODEL.LOSSES.MODALITY_AWARE_CENTER.SCALE
    assert (scale, cfg.MODEL.LOSSES.CE.EPSILON, cfg.SOLVER.MAX_EPOCH) == (0.0, 1.0, 3)
    assert isinstance(scale, float)


def test_bad_files_are_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.yml"):
        load_config(str(tmp_path / "nowhere.yml"), [])
    unknown = tmp_path / "unknown.yml"
    unknown.write_text("MODEL: {CMTR: {LAMDBA: 1}}")
    with pytest.raises(InputError, match=r"unknown.yml.*MODEL.CMTR.LAMDBA"):
        load_config(str(unknown), [])
    broken = tmp_path / "broken.yml"
    broken.write_text("MODEL: [")
    with pytest.raises(InputError, match=r"broken.yml"):
        load_config(str(broken), [])
