#!/usr/bin/env python
"""Package a trained network as a folder to be given to others, as ``fastreid-mm-package-model`` does:

python tools/package_model.py logs/demo/cmtr logs/demo/model
"""

from fastreid_mm.commands.package_model import main

if __name__ == "__main__":
    main()
