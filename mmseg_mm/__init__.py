"""RGB-D salient object detection for mmsegmentation.

Importing this package registers everything in mmsegmentation's registries, so one line in a config is enough::

    custom_imports = dict(imports=["mmseg_mm"])
"""

# compat must come first, since the others import mmseg.
from mmseg_mm import compat, datasets, engine, evaluation, models

__all__ = ["compat", "datasets", "engine", "evaluation", "models"]
