#!/usr/bin/env python
"""Say in what two finished runs differ, and whether the difference of their results is more than chance:

    python tools/compare_runs.py logs/SYSU/mun logs/SYSU/mun_2

A and B are folders of runs of Re-ID or saliency, or files of results in them (eval_results.json).
"""

from fastreid_mm.commands.compare_runs import main

if __name__ == "__main__":
    main()
