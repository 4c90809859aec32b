#!/usr/bin/env python
"""Look at what a saliency network gets: image, depth and mask beside each other after all transforms of a config.

    python tools/browse_sod.py CONFIG OUT [--part train|val|test] [--number 20] [--seed 0] [--cfg-options KEY=VALUE ...]

Another seed draws another augmentation. --cfg-options data_root=PATH says where the data of a shipped config are, as
the variable SOD_DATASETS does.
"""

from fastreid_mm.commands.saliency import browse as main

if __name__ == "__main__":
    main()
