#!/usr/bin/env python
"""Train and test RegDB's ten trials one after the other, and average them, with the arguments of train_net.py:

    python tools/train_regdb_trials.py --config-file configs/RegDB/cmtr.yml [--num-gpus N] [KEY VALUE ...]

Trial t goes to OUTPUT_DIR/trial_t, the mean to OUTPUT_DIR/results.json. A trial that has results is not run again, and
an interrupted one goes on from its last checkpoint: just repeat the command. --overwrite trains all of them anew.
"""

from fastreid_mm.commands.train_regdb_trials import main

if __name__ == "__main__":
    main()
