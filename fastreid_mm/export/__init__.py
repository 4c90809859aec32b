"""Networks as files for other runtimes, and predictors that need no PyTorch.

:class:`OnnxPredictor` needs ONNX Runtime, NumPy and Pillow, :class:`OnnxSaliencyPredictor` OpenCV, too. Exporting needs
fast-reid, and is in :mod:`fastreid_mm.export.write`; of saliency networks, :mod:`mmseg_mm.export`.
"""

from fastreid_mm.export.onnx_predictor import OnnxPredictor
from fastreid_mm.export.onnx_saliency import OnnxSaliencyPredictor

__all__ = ["OnnxPredictor", "OnnxSaliencyPredictor"]
