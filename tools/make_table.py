#!/usr/bin/env python
"""Write a table of the images in a folder, for training on images of one's own, as ``fastreid-mm-make-table`` does:

python tools/make_table.py FOLDER --output FOLDER/table.csv [--pattern REGEX] [--aligned] [--test SHARE]
"""

from fastreid_mm.commands.make_table import main

if __name__ == "__main__":
    main()
