#!/usr/bin/env python
"""Search an index for the images nearest to query images, as ``fastreid-mm-search-gallery`` does:

python tools/search_gallery.py --config-file C --weights W --index PATH --images DIR --modality infrared --json F.json
"""

from fastreid_mm.commands.search_gallery import main

if __name__ == "__main__":
    main()
