#!/usr/bin/env python
"""Score saliency maps of any origin against masks: S-measure, F, E, weighted F and MAE, as in PySODMetrics.

    python tools/score_saliency.py MAPS MASKS [--json FILE] [--curves DIR] [--partial] [--suffix _sal]
        [--mask-suffix=-gt]

MAPS is a folder of maps, or has a folder for each data set, as test_sod.py --out writes them, with masks in MASKS/SET
or MASKS/SET/GT; each set gets a row. A map is resized to its mask if their sizes differ. Files without a counterpart
are refused, or left out and counted with --partial.
"""

from fastreid_mm.commands.saliency import score as main

if __name__ == "__main__":
    main()
