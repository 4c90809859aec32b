#!/usr/bin/env python
"""Evaluate extracted features by a benchmark's official protocol, as ``fastreid-mm-evaluate-features`` does:

python tools/evaluate_features.py --features DIR --name PREFIX --splits SYSU-MM01/exp [--json FILE]
"""

from fastreid_mm.commands.evaluate_features import main

if __name__ == "__main__":
    main()
