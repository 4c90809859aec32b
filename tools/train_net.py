#!/usr/bin/env python
"""Train and test a model, with fast-reid's arguments:

python tools/train_net.py --config-file configs/SYSU/cmtr.yml [--resume | --overwrite] [--num-gpus N] [KEY VALUE ...]
python tools/train_net.py --config-file configs/SYSU/cmtr.yml --eval-only MODEL.WEIGHTS logs/.../model_final.pth
"""

from fastreid_mm.commands.train import main

if __name__ == "__main__":
    main()
