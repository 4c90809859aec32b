#!/usr/bin/env python
"""Train a saliency network. mmsegmentation's own arguments, and two more:

    python tools/train_sod.py configs/SOD/mutualformer_r50_352x352.py [--resume] [--cfg-options KEY=VALUE ...]
        [--trust-checkpoint] [--overwrite]

--cfg-options data_root=PATH says where the data of a shipped config are, as the variable SOD_DATASETS does, which
mmsegmentation's own train.py heeds too. load_from=FILE begins from a part of the weights, --resume goes on from all.
--overwrite deletes all that an earlier training in the same folder has left, which is refused or else.
--trust-checkpoint loads a checkpoint that is more than plain data, which may run any code: only if you know its source.
"""

from fastreid_mm.commands.saliency import train

if __name__ == "__main__":
    train()
