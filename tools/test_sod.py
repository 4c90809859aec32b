#!/usr/bin/env python
"""Test a saliency network, with mmsegmentation's arguments and one more:

    python tools/test_sod.py configs/SOD/mutualformer_r50_352x352.py CHECKPOINT [--tta] [--out DIR] [--show-dir DIR]
        [--cfg-options data_root=PATH] [--trust-checkpoint]

--out writes the saliency maps, --show-dir pictures of image, depth, mask and map. For shipped configs, data_root or the
variable SOD_DATASETS is the folder of the data. --trust-checkpoint loads a checkpoint that is more than plain
data, which may run any code: use it only for files from a source that you trust.
"""

from fastreid_mm.commands.saliency import test

if __name__ == "__main__":
    test()
