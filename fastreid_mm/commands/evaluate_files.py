"""Evaluation of features in files by a benchmark's official protocol, as the command line asks for it."""

import argparse
from collections.abc import Sequence
from functools import partial

import numpy as np

from fastreid_mm.evaluation import check_complete, pairwise_distance, read_features, read_ids
from fastreid_mm.evaluation.labelled_features import NEEDED, NEEDED_BY_RULE, comparable, evaluate_features, read_arrays
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Side
from fastreid_mm.evaluation.sysu_features import SysuFeatures
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS, QUERY_CAMERAS, SYSU
from fastreid_mm.evaluation.sysu_splits import Permutation


def evaluate(arguments: argparse.Namespace, permutation: Permutation | None) -> Settings:
    """Evaluate features, and return the metrics of each setting in percent.

    Args:
        arguments: the parsed command line.
        permutation: the official draws in ``--splits``; only for SYSU-MM01.

    Raises:
        InputError: a file is missing or cannot be used, or features and splits do not go together.
    """
    if arguments.protocol != "sysu":
        needed = NEEDED_BY_RULE[arguments.rule] if arguments.rule else NEEDED[arguments.protocol]
        query, gallery = (read_arrays(path, needed) for path in (arguments.query, arguments.gallery))
        ranks, distractors = arguments.ranks or (), arguments.distractors
        return evaluate_features(
            arguments.protocol, query, gallery, arguments.metric, ranks, distractors, arguments.rule
        )
    query_images, gallery_images, ids = _sysu_arrays(arguments) if arguments.query else _sysu_cells(arguments)
    if permutation is not None:
        check_complete(query_images, permutation, ids, QUERY_CAMERAS)
        check_complete(gallery_images, permutation, ids, _gallery_cameras(arguments))
    features = comparable(query_images.features, gallery_images.features)
    asking, asked = (
        Side(each, images.ids, images.cams, numbers=images.numbers)
        for each, images in zip(features, (query_images, gallery_images))
    )
    protocol = SYSU(permutation, arguments.mode, arguments.shots)
    distance = partial(pairwise_distance, metric=arguments.metric)
    return protocol.evaluate(asking, asked, distance, arguments.ranks or ())


def _sysu_arrays(arguments: argparse.Namespace) -> tuple[SysuFeatures, SysuFeatures, Sequence[int]]:
    """Read query, gallery and their identities from NumPy files."""
    sides = [read_arrays(path, NEEDED["sysu"]) for path in (arguments.query, arguments.gallery)]
    query, gallery = (SysuFeatures(*(side[name] for name in NEEDED["sysu"])) for side in sides)
    return query, gallery, np.union1d(query.ids, gallery.ids).tolist()


def _sysu_cells(arguments: argparse.Namespace) -> tuple[SysuFeatures, SysuFeatures, Sequence[int]]:
    """Read query, gallery and the test identities in the layout of SYSU-MM01's code."""
    ids = read_ids(arguments.splits, "test_id")
    query = read_features(arguments.features, arguments.name, ids, QUERY_CAMERAS)
    return query, read_features(arguments.features, arguments.name, ids, _gallery_cameras(arguments)), ids


def _gallery_cameras(arguments: argparse.Namespace) -> list[int]:
    return sorted({camera for mode in arguments.mode for camera in GALLERY_CAMERAS[mode]})
