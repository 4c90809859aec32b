"""Prediction of saliency maps from the command line, by a config and a checkpoint."""

import argparse

from fastreid_mm.saliency.predict import predict as write_maps
from mmseg_mm.predictor import SaliencyPredictor
from mmseg_mm.trained_model import init_rgbd_model


def predict(args: argparse.Namespace) -> None:
    """Write the maps of all pairs, see :func:`fastreid_mm.saliency.predict.predict`.

    Args:
        args: the arguments as ``predict_parser`` of the commands parses them.

    Raises:
        InputError: the config or checkpoint cannot be used, or a pair.
    """

    def predictor() -> SaliencyPredictor:
        model = init_rgbd_model(
            args.config, args.checkpoint, args.device, args.trust_checkpoint, args.cfg_options, args.fast
        )
        return SaliencyPredictor(
            model,
            args.tta,
            args.amp,
            args.depth_direction,
            args.max_pixels,
            args.thermal_range,
            args.resize,
            args.missing,
        )

    write_maps(args, predictor)
