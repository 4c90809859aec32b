"""Networks as files for other runtimes, and a predictor that needs no PyTorch.

:class:`OnnxPredictor` needs ONNX Runtime, NumPy and Pillow. Exporting needs fast-reid, and is in
:mod:`fastreid_mm.export.write`.
"""

from fastreid_mm.export.onnx_predictor import OnnxPredictor

__all__ = ["OnnxPredictor"]
