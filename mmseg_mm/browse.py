"""Pictures of the samples of a config as a network gets them: image, second modality and mask after all transforms."""

import argparse
from pathlib import Path

import cv2
import numpy as np
from mmengine.registry import init_default_scope
from mmengine.runner.utils import set_random_seed
from mmseg.registry import DATASETS
from tqdm import tqdm

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.side_by_side import side_by_side
from fastreid_mm.saliency.write_image import write_image
from mmseg_mm.engine.data_root import take_data_root
from mmseg_mm.load_config import load_config

PARTS = ("train", "val", "test")


def picture(item: dict) -> np.ndarray:
    """Draw a packed sample, as the pipelines of the shipped configs return it.

    Args:
        item: the ``inputs`` (4, H, W), blue, green, red and depth, or (6, H, W) with
            a thermal image, from 0 to 255, and ``data_samples``, of which a mask
            is drawn if it has the size of the inputs. In testing it keeps its own size, and is resized.

    Returns:
        Image, second modality and, if there is one, mask beside each other, uint8, blue, green and red.
    """
    stacked = item["inputs"].permute(1, 2, 0).float().numpy()
    image, *others = (_eight_bits(stacked[..., i : i + 3]) for i in range(0, stacked.shape[2], 3))
    second = others[0] if others[0].shape[2] == 3 else stacked[..., 3]
    mask = None
    if "gt_sem_seg" in item["data_samples"]:
        label = item["data_samples"].gt_sem_seg.data[0].numpy()
        mask = cv2.resize((label == 1).astype(np.uint8) * 255, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return side_by_side(image, second, mask=mask)


def _eight_bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.rint(values).clip(0, 255).astype(np.uint8))


def browse(args: argparse.Namespace) -> None:
    """Write one picture for each sample, as ``SET_NAME.png``.

    Args:
        args: the arguments as ``browse_parser`` of the commands parses them.

    Raises:
        InputError: the config or its data cannot be used, ``--number`` is below 1, or a picture cannot be written.
    """
    if args.number < 1:
        raise InputError(f"--number must be at least 1, got {args.number}")
    options = args.cfg_options or {}
    if "data_root" in options:
        take_data_root([f"data_root={options['data_root']}"])
    config = load_config(args.config)
    config.merge_from_dict(options)
    loader = config.get(f"{args.part}_dataloader")
    if loader is None:
        raise InputError(f"config {args.config} has no {args.part}_dataloader")
    init_default_scope("mmseg")
    dataset = DATASETS.build(loader.dataset)
    set_random_seed(args.seed)
    for index in tqdm(np.unique(np.linspace(0, len(dataset) - 1, args.number).astype(int)), unit="sample"):
        item = dataset[int(index)]
        sample = item["data_samples"]
        name = f"{sample.get('dataset_name', args.part)}_{Path(sample.img_path).stem}.png"
        write_image(args.out / name, picture(item))
    print(printable(f"samples drawn in {args.out}"))
