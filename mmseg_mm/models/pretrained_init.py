"""Pretrained weights of a part of a model, found under any key and behind any prefix; what is missing is said."""

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
    """mmengine's ``init_cfg=dict(type="Pretrained", checkpoint=..., prefix=...)``, which takes more files.

    mmengine loads nothing from a file whose weights are under ``net`` or behind ``base.``, and goes on.

    Raises:
        InputError: The file has none of the module's tensors.
    """

    def __call__(self, module: nn.Module) -> None:
        """Copy the weights of the file into a module, and log what was taken and what not."""
        content: Any = CheckpointLoader.load_checkpoint(self.checkpoint, map_location=self.map_location)
        if self.prefix is not None:
            begin = self.prefix.removesuffix(".") + "."
            state = content.get("state_dict", content)
            content = {name.removeprefix(begin): one for name, one in state.items() if name.startswith(begin)}
        own = module.state_dict()
        found = find_weights(content, self.checkpoint, own)
        state = {name: value for name, value in found.state.items() if name in own and fits(own[name], value)}
        kind = type(module).__name__
        if not state:
            raise InputError(f"init_cfg: {self.checkpoint} has none of the {len(own)} tensors of the {kind}")
        missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
        print_log(
            f"{self.checkpoint}: {len(state)} of {len(own)} tensors of the {kind} are loaded"
            + (f", not {listed(missing, 3, ', ')}" if missing else "")
            + (f"; {found.told()}" if found.told() else ""),
            "current",
            logging.WARNING if missing else logging.INFO,
        )
        module.load_state_dict(state, strict=False)
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=self._get_init_info())
