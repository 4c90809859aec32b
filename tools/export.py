#!/usr/bin/env python
"""Export a trained model to ONNX (.onnx) or for PyTorch without this package (.pt2):

python tools/export.py --config-file configs/SYSU/cmtr.yml --weights model_final.pth --output cmtr.onnx [KEY VALUE ...]
"""

from fastreid_mm.commands.export import main

if __name__ == "__main__":
    main()
