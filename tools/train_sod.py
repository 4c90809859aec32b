#!/usr/bin/env python
"""Train a saliency network, with mmsegmentation's arguments and two more:

    python tools/train_sod.py configs/SOD/mutualformer_r50_352x352.py [--resume] [--cfg-options KEY=VALUE ...]
        [--trust-checkpoint] [--overwrite]

For shipped configs, --cfg-options data_root=PATH or the variable SOD_DATASETS, which also works with mmsegmentation's
train.py, is the folder of the data. load_from=FILE starts from weights, of which FILE may lack some; --resume goes on
with a training. A folder with an earlier training is refused, unless --overwrite, which deletes it, is given.
--trust-checkpoint loads a checkpoint that is more than plain data, which may run any code: use it only for files from a
source that you trust.
"""

from fastreid_mm.commands.saliency import train

if __name__ == "__main__":
    train()
