#!/usr/bin/env python
"""Write a trained saliency network as ONNX, and check it against PyTorch with onnxruntime.

    python tools/export_sod.py CONFIG CHECKPOINT M.onnx [--cfg-options KEY=VALUE ...] [--trust-checkpoint]

Inputs are image (B, 3, H, W), red, green and blue from 0 to 255, and depth (B, 1, H, W) from 0, far, to 1, near; the
output is saliency (B, 1, H, W), probabilities. B, H and W may have any value: the file resizes and normalizes.
"""

from fastreid_mm.commands.saliency import export as main

if __name__ == "__main__":
    main()
