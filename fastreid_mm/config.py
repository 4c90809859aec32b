"""The config keys this package adds to fast-reid's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the blocks and losses are for people who have nothing but PyTorch
    from yacs.config import CfgNode


def add_mm_config(cfg: CfgNode) -> None:
    """Add every key of this package to a fast-reid config, in place.

    Call it between ``get_cfg()`` and ``merge_from_file``. Defaults are the papers' best rows.

    Args:
        cfg: a config from ``fastreid.config.get_cfg()``.
    """
    node = type(cfg)  # fast-reid's own CfgNode, without importing fast-reid

    # Seed of everything random. -1 draws one; the seed used is printed and saved in config.yaml either way.
    cfg.SEED = -1
    # Only deterministic kernels, at some cost on a GPU.
    cfg.DETERMINISTIC = False

    # Factor on the learning rate of tensors that were loaded from pretrained weights.
    cfg.SOLVER.PRETRAINED_LR_FACTOR = 1.0

    _add_backbone(cfg, node)
    _add_cmtr(cfg, node)
    _add_protocols(cfg, node)


def _add_backbone(cfg: CfgNode, node: type[CfgNode]) -> None:
    # A ViT of timm by name ("build_timm_vit_backbone"). The default tag is the ImageNet-21k to 1k checkpoint that
    # TransReID starts from (jx_vit_base_p16_224). Stride: fast-reid's MODEL.BACKBONE.STRIDE_SIZE.
    cfg.MODEL.BACKBONE.VIT = node()
    cfg.MODEL.BACKBONE.VIT.NAME = "vit_base_patch16_224.orig_in21k_ft_in1k"
    # Sizes of a network that no pretrained weights exist for; 0 keeps what the name says.
    cfg.MODEL.BACKBONE.VIT.PATCH_SIZE = 0
    cfg.MODEL.BACKBONE.VIT.EMBED_DIM = 0
    cfg.MODEL.BACKBONE.VIT.DEPTH = 0
    cfg.MODEL.BACKBONE.VIT.NUM_HEADS = 0


def _add_cmtr(cfg: CfgNode, node: type[CfgNode]) -> None:
    cfg.MODEL.CMTR = node()
    # Table 3, "ME": learnable modality embeddings, and whether the class token gets them too (eq. 2 is silent).
    cfg.MODEL.CMTR.MODALITY_EMBEDDING = True
    cfg.MODEL.CMTR.EMBED_CLASS_TOKEN = True
    # Table 3: the centre and the identity part of the modality-aware enhancement loss.
    cfg.MODEL.CMTR.MAC = True
    cfg.MODEL.CMTR.MAID = True
    # Figure 7: lambda, the weight of the enhancement loss (or of the loss in its place).
    cfg.MODEL.CMTR.LAMBDA = 4.0
    # Table 7: phi, "fc" (one fully connected layer per modality) or "identity".
    cfg.MODEL.CMTR.MAPPING = "fc"
    # Table 7: D, "cosine", "l1", "l2" or "smooth_l1".
    cfg.MODEL.CMTR.DISTANCE = "cosine"
    # The paper prints a sum over the batch; "mean" keeps lambda = 4 of the size of the other losses.
    cfg.MODEL.CMTR.REDUCTION = "mean"
    # Table 5: "enhancement", or "center" / "hetero_center" in its place.
    cfg.MODEL.CMTR.ALIGNMENT = "enhancement"


def _add_protocols(cfg: CfgNode, node: type[CfgNode]) -> None:
    # RegDB: which of the ten train/test splits, 1 to 10.
    cfg.DATASETS.REGDB = node()
    cfg.DATASETS.REGDB.TRIAL = 1

    # SYSU-MM01: "auto" takes the official permutation when rand_perm_cam.mat is there; "official" insists on it;
    # "seeded" draws galleries as the AGW code base does.
    cfg.TEST.SYSU = node()
    cfg.TEST.SYSU.GALLERY = "auto"

    # Also report the untrained network and random features (chance), measured before the first iteration.
    cfg.TEST.REFERENCES = False
    # How many queries to draw as ranked lists (ranked_lists_DATASET.png beside results.json); 0 draws none.
    cfg.TEST.RANKED_LISTS = 0
