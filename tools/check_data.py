#!/usr/bin/env python
"""Read all data sets of a config before training, and report their problems:

python tools/check_data.py configs/SYSU/cmtr.yml [--workers N] [KEY VALUE ...]
python tools/check_data.py configs/SOD/mutualformer_r50_352x352.py [--workers N]
"""

from fastreid_mm.commands.check_data import main

if __name__ == "__main__":
    main()
