#!/usr/bin/env python
"""Retrieve by histograms of gradients, which nobody has trained: what a network must find more than.

    FASTREID_DATASETS=datasets python tools/benchmarks/gradient_histograms.py configs/SYSU/hct.yml [KEY VALUE ...]

OpenCV's default descriptor of 64 x 128 pixels, on grey images with equalized histograms, compared by cosine under the
protocol of the config's test set.
"""

import argparse

import cv2
import numpy as np
import torch

from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.data.build import build_dataset
from fastreid_mm.protocols import build_evaluator
from fastreid_mm.settings.load import load_config

_SIZE = (64, 128)


def describe(path: str) -> np.ndarray:
    """The (3780,) descriptor of an image."""
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    return cv2.HOGDescriptor().compute(cv2.equalizeHist(cv2.resize(grey, _SIZE))).ravel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config_file")
    parser.add_argument("opts", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    with one_line_errors():
        cfg = load_config(args.config_file, args.opts)
        dataset = build_dataset(cfg, cfg.DATASETS.TESTS[0])
        features = np.stack([describe(item[0]) for item in (*dataset.query, *dataset.gallery)])
        results = build_evaluator(cfg, dataset).ranked(torch.from_numpy(features))
    for setting, found in results.items():
        print(f"{setting}: Rank-1 {found['Rank-1']:.1f}, mAP {found['mAP']:.1f}")


if __name__ == "__main__":
    main()
