#!/usr/bin/env python
"""Run one of mmsegmentation's scripts, with its arguments, on a config of this project:

    python tools/mmseg_tool.py browse_dataset CONFIG --not-show --output-dir DIR [--cfg-options KEY=VALUE ...]
    python tools/mmseg_tool.py get_flops CONFIG --shape 352      (products inside of cross-diffusion are not counted)
    python tools/mmseg_tool.py print_config CONFIG

An unknown name lists all scripts. With mmcv-lite, most of them only run this way: otherwise they end in "No module
named 'mmcv._ext'". For shipped configs, --cfg-options data_root=PATH or the variable SOD_DATASETS is the folder of the
data.
"""

import sys

from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.common.hosts import require_mmseg, say_loading
from fastreid_mm.common.mmseg_scripts import config_place, find_script
from fastreid_mm.common.shipped_configs import find_config


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return
    with one_line_errors():
        require_mmseg()
        find_script(arguments[0])
        place = config_place(arguments[1:])
        if place is not None:
            find_config(arguments[1:][place], "mmseg_mm")
        say_loading("mmseg")
        from mmseg_mm.engine import run_host_script  # and with its package everything is registered

        run_host_script(arguments[0], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
