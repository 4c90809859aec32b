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

    # Modules of packages from outside, imported before this config is merged: what they register is found by its name,
    # and their add_config(cfg) adds keys. Importing runs their code, so that this is for packages you know.
    cfg.IMPORTS = []

    # Seed of everything random. -1 draws one; the seed used is printed and saved in config.yaml either way.
    cfg.SEED = -1
    # Only deterministic kernels, at some cost on a GPU.
    cfg.DETERMINISTIC = False

    # A checkpoint every so many iterations, too, of which the two newest are kept; 0 for none. However often,
    # SOLVER.CHECKPOINT_PERIOD epochs have one, as have the last iteration before SIGTERM and the end.
    cfg.SOLVER.CHECKPOINT_ITERS = 0

    # Factor on the learning rate of tensors that were loaded from pretrained weights.
    cfg.SOLVER.PRETRAINED_LR_FACTOR = 1.0
    # Fine-tuning from a part of MODEL.WEIGHTS: tensors that are missing, unknown or of another shape are left out and
    # counted, as long as every part of the model finds something.
    cfg.MODEL.PARTIAL_WEIGHTS = False
    # Loads a checkpoint that is more than tensors and plain values, too. It may run any code: for files whose source
    # you know.
    cfg.MODEL.TRUST_WEIGHTS = False

    # Whether BatchNorm takes the statistics of the batch of all processes rather than those of each, so that several
    # train as one does. A single process has nothing to synchronise.
    cfg.MODEL.SYNC_BN = True

    _add_backbone(cfg, node)
    _add_two_stream(cfg, node)
    _add_input(cfg, node)
    _add_aligned(cfg, node)
    _add_protocols(cfg, node)
    _add_tracking(cfg, node)
    _add_composition(cfg)


def _add_composition(cfg: CfgNode) -> None:
    # heads, losses and methods declare their keys where they are; importing them takes fast-reid, which cfg is of
    from fastreid_mm import methods
    from fastreid_mm.modeling.heads.part_head import add_part_keys
    from fastreid_mm.modeling.terms.centers import add_center_keys
    from fastreid_mm.modeling.terms.host import add_host_keys

    for add_config in (add_host_keys, add_center_keys, add_part_keys, *(room.add_config for room in methods.ROOMS)):
        add_config(cfg)


def _add_backbone(cfg: CfgNode, node: type[CfgNode]) -> None:
    # A plain ViT of timm by name, with a class token ("build_timm_vit_backbone"). The default tag is the ImageNet-21k
    # to 1k checkpoint that TransReID starts from (jx_vit_base_p16_224). Stride: fast-reid's MODEL.BACKBONE.STRIDE_SIZE.
    cfg.MODEL.BACKBONE.VIT = node()
    cfg.MODEL.BACKBONE.VIT.NAME = "vit_base_patch16_224.orig_in21k_ft_in1k"
    # Sizes of a network that no pretrained weights exist for; 0 keeps what the name says.
    cfg.MODEL.BACKBONE.VIT.PATCH_SIZE = 0
    cfg.MODEL.BACKBONE.VIT.EMBED_DIM = 0
    cfg.MODEL.BACKBONE.VIT.DEPTH = 0
    cfg.MODEL.BACKBONE.VIT.NUM_HEADS = 0


def _add_two_stream(cfg: CfgNode, node: type[CfgNode]) -> None:
    # A convolutional network of timm by name ("build_two_stream_resnet_backbone" and "build_multi_stream..."): a ResNet
    # as in the papers, or one of another family of docs/training.md. The default tag is torchvision's ImageNet
    # checkpoint. Stride of the last stage that has one: fast-reid's MODEL.BACKBONE.LAST_STRIDE.
    cfg.MODEL.BACKBONE.RESNET = node()
    cfg.MODEL.BACKBONE.RESNET.NAME = "resnet50.tv_in1k"
    # How many stages, from the stem on, each modality has of its own (a ResNet has stem, layer1 .. layer4): 1 in AGW,
    # 2 in HCT, CMT and MUN.
    cfg.MODEL.BACKBONE.RESNET.SPECIFIC_STAGES = 2
    # HAMNet's code, which MutualFormer builds on, has no ReLU after the first BatchNorm.
    cfg.MODEL.BACKBONE.RESNET.STEM_RELU = True
    # Whether its maps lie in memory channels last. On a CPU, networks of depthwise convolutions train faster so.
    cfg.MODEL.BACKBONE.CHANNELS_LAST = False


def _add_input(cfg: CfgNode, node: type[CfgNode]) -> None:
    # CrossModalityIdentitySampler: whether an image may come twice among the DATALOADER.NUM_INSTANCE of an identity. In
    # AGW's and HCT's code it may: 8 draws from RegDB's 10 images are 5.7 different ones. In PMT's code it may not.
    cfg.DATALOADER.REPLACEMENT = True
    # CAJ's channel augmentation, after erasing: PROB is that of a visible image.
    cfg.INPUT.CHANNEL_AUGMENTATION = node()
    cfg.INPUT.CHANNEL_AUGMENTATION.ENABLED = False
    cfg.INPUT.CHANNEL_AUGMENTATION.PROB = 0.5
    # Negatives of infrared images, before channel augmentation: PROB of them. No paper of the methods here has it.
    cfg.INPUT.THERMAL_INVERSION = node()
    cfg.INPUT.THERMAL_INVERSION.ENABLED = False
    cfg.INPUT.THERMAL_INVERSION.PROB = 0.3
    # How images are resized: "bicubic" as the host does, "bilinear" as the released codes of aligned modalities do.
    cfg.INPUT.RESIZE = "bicubic"
    # The largest share of an image that random erasing takes: the host's 0.33, 0.4 in HAMNet's code.
    cfg.INPUT.REA.MAX_AREA = 0.33


def _add_aligned(cfg: CfgNode, node: type[CfgNode]) -> None:
    # Sets of aligned samples: which modalities a sample has, in this order, IEEE's table 2; () for all the set has.
    cfg.DATASETS.ALIGNED = node()
    cfg.DATASETS.ALIGNED.MODALITIES = ()
    # Whether to refuse a set with samples that lack the file of a modality, or whose images have different sizes. Or
    # else such a sample is resized and, where it lacks one, not trained on and tested without it, with a warning.
    cfg.DATASETS.ALIGNED.COMPLETE = False
    # Whether all modalities of a sample are flipped, cropped and erased alike; the codes of IEEE and HAMNet draw for
    # each of its own.
    cfg.INPUT.SHARED_DRAWS = True
    # Names of modalities that are missing at test time: their images are not read.
    cfg.TEST.MISSING = ()


def _add_protocols(cfg: CfgNode, node: type[CfgNode]) -> None:
    # RegDB: which of the ten train/test splits, 1 to 10.
    cfg.DATASETS.REGDB = node()
    cfg.DATASETS.REGDB.TRIAL = 1

    # SYSU-MM01: which identities to test on. "test" trains on train_id.txt and val_id.txt together, as the papers do;
    # "val" trains on train_id.txt alone and tests on val_id.txt: settings are to be chosen there.
    cfg.DATASETS.SYSU = node()
    cfg.DATASETS.SYSU.SPLIT = "test"

    # SYSU-MM01: "auto" takes the official permutation when rand_perm_cam.mat is there; "official" insists on it;
    # "seeded" draws galleries as the AGW code base does.
    cfg.TEST.SYSU = node()
    cfg.TEST.SYSU.GALLERY = "auto"

    # SYSU-MM01-C, RegDB-C and the same of any visible-infrared set: beside the clean test, one with each visible image
    # under one of 20 corruptions at one of 5 severities, after it is resized.
    cfg.TEST.CORRUPTION = node()
    cfg.TEST.CORRUPTION.ENABLED = False
    # How often all are drawn anew; the mean and the standard deviation are reported. MUN's table 5 has the mean of ten.
    cfg.TEST.CORRUPTION.REPETITIONS = 10
    # What is drawn, whatever SEED is, so that all networks are tested on the same images.
    cfg.TEST.CORRUPTION.SEED = 0
    # A folder with the pictures of frost of ImageNet-C's code, which cannot be shipped; "" draws frost, a reading.
    cfg.TEST.CORRUPTION.FROST = ""

    # fast-reid's TEST.RERANK, TEST.AQE and TEST.ROC: see docs/protocols.md. TEST.PRECISE_BN renews the statistics of
    # BatchNorm after the last epoch, and before a test alone: on which of DATASETS.NAMES, "" for all of them (the
    # host's default is Market1501).
    cfg.TEST.PRECISE_BN.DATASET = ""

    # The k of each Rank-k; () for those of the protocol: 1, 10, 20 on visible-infrared sets, else 1, 5, 10, 20.
    cfg.TEST.RANKS = ()

    # Also report the untrained network and random features (chance), measured before the first iteration.
    cfg.TEST.REFERENCES = False
    # How many queries to draw as ranked lists (ranked_lists_DATASET.png beside results.json); 0 draws none.
    cfg.TEST.RANKED_LISTS = 0
    # What the run must reach, [[data set, setting, metric, value, tolerance], ...] in percent; else it ends with a line
    # that says what it missed, and status 2.
    cfg.TEST.EXPECTED_RESULTS = []


def _add_tracking(cfg: CfgNode, node: type[CfgNode]) -> None:
    # Weights & Biases, beside TensorBoard and metrics.json. NAME of the run, "" for one it makes up. WANDB_MODE=offline
    # and its other environment variables work.
    cfg.TRACKING = node()
    cfg.TRACKING.WANDB = node()
    cfg.TRACKING.WANDB.ENABLED = False
    cfg.TRACKING.WANDB.PROJECT = "fastreid-mm"
    cfg.TRACKING.WANDB.NAME = ""
