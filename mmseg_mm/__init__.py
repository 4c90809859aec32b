"""RGB-D and RGB-T salient object detection for mmsegmentation.

Importing this package registers everything in mmsegmentation's registries, so one line in a config is enough::

    custom_imports = dict(imports=["mmseg_mm"])
"""

# compat must come first, since the others import mmseg.
from fastreid_mm.saliency.load_depth import RGBDPath
from fastreid_mm.saliency.load_second import PairPath
from mmseg_mm import compat, datasets, engine, evaluation, models
from mmseg_mm.inference import inference_rgbd
from mmseg_mm.predictor import SaliencyPredictor
from mmseg_mm.trained_model import init_rgbd_model

__all__ = [
    "PairPath",
    "RGBDPath",
    "SaliencyPredictor",
    "compat",
    "datasets",
    "engine",
    "evaluation",
    "inference_rgbd",
    "init_rgbd_model",
    "models",
]
