#!/usr/bin/env python
"""Write the features of the images in a folder, as ``fastreid-mm-extract-features`` does:

python tools/extract_features.py --config-file C --weights W --images DIR --modality visible --output F.npz
"""

from fastreid_mm.commands.extract_features import main

if __name__ == "__main__":
    main()
