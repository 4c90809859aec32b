#!/usr/bin/env python
"""List, check, shorten or join indexes, as ``fastreid-mm-edit-index`` does:

python tools/edit_index.py list | verify | remove | merge PATH ...
"""

from fastreid_mm.commands.edit_index import main

if __name__ == "__main__":
    main()
