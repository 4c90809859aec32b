#!/usr/bin/env python
"""Search a gallery and find salient objects on a local web page, as ``fastreid-mm-app`` does:

python tools/app.py --config-file C --weights W --index PATH [--saliency-config S --saliency-checkpoint K]
"""

from fastreid_mm.commands.app import main

if __name__ == "__main__":
    main()
