#!/usr/bin/env python
"""Score anybody's saliency maps against masks: S-measure, F, E, weighted F and MAE, as PySODMetrics computes them.

    python tools/score_saliency.py MAPS MASKS [--json FILE] [--curves DIR] [--partial] [--suffix _sal]

MAPS is a folder of maps, or of one folder a data set, as test_sod.py --out writes them: one row a set then, with masks
in MASKS/SET or MASKS/SET/GT. A map is resized to its mask where their sizes differ. What has no counterpart is refused,
or counted with --partial.
"""

from fastreid_mm.commands.saliency import score as main

if __name__ == "__main__":
    main()
