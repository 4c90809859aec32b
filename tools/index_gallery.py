#!/usr/bin/env python
"""Index the images in a folder for searching, as ``fastreid-mm-index-gallery`` does:

python tools/index_gallery.py --config-file C --weights W --images DIR --modality visible --index PATH
"""

from fastreid_mm.commands.index_gallery import main

if __name__ == "__main__":
    main()
