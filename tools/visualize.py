#!/usr/bin/env python
"""Test a model once, and write pictures of its behaviour and index.html, which shows them:

python tools/visualize.py --config-file configs/demo/cmtr.yml --weights model_final.pth --output DIR
python tools/visualize.py --config-file ... --weights ... --output DIR --only tsne attention [KEY VALUE ...]
"""

from fastreid_mm.commands.visualize import main

if __name__ == "__main__":
    main()
