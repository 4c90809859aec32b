"""Pretrained weights of a part of a model, found under any key and behind any prefix."""

import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.model.weight_init import PretrainedInit, update_init_info
from mmengine.runner import CheckpointLoader
from mmseg.registry import WEIGHT_INITIALIZERS
from torch import nn

from fastreid_mm.common.checkpoint_match import fits
from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.find_weights import find_weights


@WEIGHT_INITIALIZERS.register_module(name="Pretrained")
class FoundPretrainedInit(PretrainedInit):
    """mmengine's ``init_cfg=dict(type="Pretrained", checkpoint=..., prefix=...)`` for more kinds of files.

    From a file whose weights are under ``net`` or behind ``base.``, mmengine silently loads nothing.

    Raises:
        InputError: the file has none of the module's tensors.
    """

    def __call__(self, module: nn.Module) -> None:
        """Copy the weights of the file into a module, and log which tensors were loaded and which were not."""
        content: Any = CheckpointLoader.load_checkpoint(self.checkpoint, map_location=self.map_location)
        if self.prefix is not None:
            begin = self.prefix.removesuffix(".") + "."
            state = content.get("state_dict", content)
            content = {name.removeprefix(begin): one for name, one in state.items() if name.startswith(begin)}
        needed = module.state_dict()
        weights = find_weights(content, self.checkpoint, needed)
        state = {name: value for name, value in weights.state.items() if name in needed and fits(needed[name], value)}
        kind = type(module).__name__
        if not state:
            raise InputError(f"init_cfg: {self.checkpoint} has none of the {len(needed)} tensors of the {kind}")
        missing = [name for name in needed if name not in state and not name.endswith("num_batches_tracked")]
        print_log(
            f"{self.checkpoint}: {len(state)} of {len(needed)} tensors of the {kind} are loaded"
            + (f", not {listed(missing, 3, ', ')}" if missing else "")
            + (f"; {weights.told()}" if weights.told() else ""),
            "current",
            logging.WARNING if missing else logging.INFO,
        )
        module.load_state_dict(state, strict=False)
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=self._get_init_info())
