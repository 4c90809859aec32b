#!/usr/bin/env python
"""Test a saliency network. mmsegmentation's own arguments, and one more:

    python tools/test_sod.py configs/SOD/mutualformer_r50_352x352.py CHECKPOINT [--tta] [--out DIR] [--show-dir DIR]
        [--cfg-options data_root=PATH] [--trust-checkpoint]

--out writes the saliency maps, --show-dir pictures of image, depth, mask and map. data_root, or the variable
SOD_DATASETS, says where the data of a shipped config are. --trust-checkpoint loads a checkpoint that is more than plain
data, which may run any code: only if you know its source.
"""

from fastreid_mm.commands.saliency import test

if __name__ == "__main__":
    test()
