#!/usr/bin/env python
"""Draw the input of a saliency network: image, depth and mask side by side after all transforms of a config.

    python tools/browse_sod.py CONFIG OUT [--part train|val|test] [--number 20] [--seed 0] [--cfg-options KEY=VALUE ...]

Another seed draws another augmentation. For shipped configs, --cfg-options data_root=PATH or the variable SOD_DATASETS
is the folder of the data.
"""

from fastreid_mm.commands.saliency import browse as main

if __name__ == "__main__":
    main()
