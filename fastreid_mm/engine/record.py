"""Record of a run: its versions, seed, config, revision and data."""

import json
import logging
import os
from collections.abc import Iterable, Sequence

import torch
from fastreid.utils import comm
from yacs.config import CfgNode

from fastreid_mm.common import run_record as common
from fastreid_mm.common.data_root import data_root
from fastreid_mm.common.initial_weights import RANDOM
from fastreid_mm.common.read_image import FULL_RANGE, PixelRule
from fastreid_mm.data.items import as_items
from fastreid_mm.evaluation.results import write_json

logger = logging.getLogger("fastreid.mm")


def run_record(cfg: CfgNode, lists: dict[str, str]) -> dict:
    """Gather the facts that must be equal for two runs to give the same numbers.

    Args:
        cfg: the config, with the seed that was drawn.
        lists: the :func:`list_checksum` of the training set and of each test set, by name.
    """
    return common.run_record(
        "fastreid",
        seed=cfg.SEED,
        deterministic=cfg.DETERMINISTIC,
        tf32=cfg.TF32,
        cudnn_benchmark=torch.backends.cudnn.benchmark,
        config=config_checksum(cfg),
        data=lists,
        device=torch.cuda.get_device_name() if cfg.MODEL.DEVICE.startswith("cuda") else cfg.MODEL.DEVICE,
        processes=comm.get_world_size(),
        **thermal_range(cfg),
    )


def initial_weights(cfg: CfgNode) -> str:
    """Name the weights that a training begins with: a file, "pretrained" for those of the network, or "random"."""
    backbone = cfg.MODEL.BACKBONE
    pretrained = (backbone.PRETRAIN_PATH or "pretrained") if backbone.PRETRAIN else RANDOM
    return os.path.basename(cfg.MODEL.WEIGHTS or pretrained)


def thermal_range(cfg: CfgNode) -> dict[str, object]:
    """Return what becomes black and white of images of more than 8 bits, unless it is the default."""
    rule = PixelRule.from_cfg(cfg)
    if rule.range_16bit == FULL_RANGE:
        return {}
    if rule.range_16bit:
        return {"thermal_range": list(rule.range_16bit)}
    return {"thermal_range": {"of": "image", "percentiles": list(rule.percentiles)}}


def log_record(record: dict) -> None:
    """Write a :func:`run_record` to the log, in one line."""
    logger.info(f"This run: {json.dumps(record)}")


def save_record(output_dir: str, record: dict, prefix: str = "") -> None:
    """Write ``run.json``, or a file whose name begins with ``prefix``, on the first process."""
    if comm.is_main_process():
        write_json(os.path.join(output_dir, f"{prefix}run.json"), record)


def config_checksum(cfg: CfgNode) -> str:
    """Compute the SHA-256 of a config without its output folder."""
    cfg = cfg.clone()
    cfg.defrost()
    del cfg["OUTPUT_DIR"]
    return common.checksum(cfg.dump())


def list_checksum(items: Iterable[Sequence]) -> str:
    """Compute the SHA-256 of a data set's items, with their paths relative to the data root."""
    lines = [json.dumps([part for part in item[:5] if part not in (None, ())], default=str) for item in as_items(items)]
    return common.samples_checksum("\n".join(lines), data_root())
