#!/usr/bin/env python
"""Train rows of a paper's table, each in its method's own trainer, and set our numbers beside the paper's:

    python tools/reproduce.py --paper mun --table 3 [--row NAME ...] [--seeds 1 2 3] [--dry-run | --collect]
        [--shard I/N] [--scale demo] [--output DIR] [KEY VALUE ...]

What has results is not run again, and what was stopped goes on from its last checkpoint: just repeat the command.
"""

from fastreid_mm.commands.reproduce import main

if __name__ == "__main__":
    main()
