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
    _add_cmtr(cfg, node)
    _add_hct(cfg, node)
    _add_cmt(cfg, node)
    _add_mun(cfg, node)
    _add_ieee(cfg, node)
    _add_mutualformer(cfg, node)
    _add_input(cfg, node)
    _add_aligned(cfg, node)
    _add_protocols(cfg, node)
    _add_tracking(cfg, node)


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


def _add_cmtr(cfg: CfgNode, node: type[CfgNode]) -> None:
    cfg.MODEL.CMTR = node()
    # Table 3, "ME": learnable modality embeddings, and whether the class token, and registers where a ViT has them, get
    # them too (eq. 2 is silent).
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


def _add_hct(cfg: CfgNode, node: type[CfgNode]) -> None:
    # The part features of HCT and CMT. Label smoothing: fast-reid's MODEL.LOSSES.CE.EPSILON.
    cfg.MODEL.HCT = node()
    # CMT's figure 3: how many stripes; they divide the 24 rows of a map at 384 x 144.
    cfg.MODEL.HCT.PARTS = 6
    # Channels of a part (neither paper's text says; 256 is HCT's code); 0 keeps those of the backbone.
    cfg.MODEL.HCT.DIM = 256
    # Exponent of GeM pooling, HCT's 3 on SYSU-MM01 and 10 on RegDB; 1 is the average, .inf the maximum.
    cfg.MODEL.HCT.POOL_EXPONENT = 3.0
    # Identity loss: 2 for CMT's sum of the two modalities' means (eq. 9-11), 1 for HCT's mean over all images.
    cfg.MODEL.HCT.ID_WEIGHT = 2.0
    # Hetero-centre triplet loss on all parts in one vector, and summed over the parts; margin of both.
    cfg.MODEL.HCT.TRIPLET_WEIGHT = 1.0
    cfg.MODEL.HCT.PART_TRIPLET_WEIGHT = 1.0
    cfg.MODEL.HCT.MARGIN = 0.3


def _add_cmt(cfg: CfgNode, node: type[CfgNode]) -> None:
    # On top of MODEL.HCT. Distance of retrieval: fast-reid's TEST.METRIC, "cosine" or "euclidean".
    cfg.MODEL.CMT = node()
    # Table 3: "MAM", completing an image with the missing modality, and "IAM", the query modulating the gallery.
    cfg.MODEL.CMT.MODALITY_ALIGNMENT = True
    cfg.MODEL.CMT.INSTANCE_ALIGNMENT = True
    # Figure 3: lambda, the weight of the modulation discriminative loss; its margin.
    cfg.MODEL.CMT.LAMBDA = 0.2
    cfg.MODEL.CMT.MARGIN = 0.3
    # Its triplets, "hard" or "all" (eq. 14 does not say). From scratch "hard" first drives the scale to zero.
    cfg.MODEL.CMT.MINING = "hard"
    # Its distance: "euclidean", as eq. 14 is read, or "cosine", by which retrieval compares (TEST.METRIC).
    cfg.MODEL.CMT.DISTANCE = "euclidean"
    # Whether they compare images of different modalities only, as testing does (eq. 14 does not say).
    cfg.MODEL.CMT.CROSS_TRIPLETS = False
    # Eq. 5 adds the compensated features to "raw" part features; "encoded" takes the encoder's output.
    cfg.MODEL.CMT.RESIDUAL_FROM = "raw"
    # Whether the consistency loss moves compensated features only, and not the centres of the real ones. From scratch
    # it else draws all features together before they tell people apart.
    cfg.MODEL.CMT.DETACH_CENTROID = False
    # What the weight of the decoder's last LayerNorm starts at. 1 is that of the transformer the paper refers to. From
    # scratch, what it makes up then drowns the real features: 0.1 lets it start small, too small for RegDB's schedule.
    cfg.MODEL.CMT.COMPENSATION_INIT = 1.0
    # The transformer, whose sizes the paper does not give: FFN_RATIO 8 would be the 2048 channels of its reference.
    cfg.MODEL.CMT.HEADS = 8
    cfg.MODEL.CMT.FFN_RATIO = 4
    cfg.MODEL.CMT.DROPOUT = 0.1
    # Narrowing in the hidden layer of the modulation's generators: 1 for none, 16 as in SENet.
    cfg.MODEL.CMT.GENERATOR_REDUCTION = 1
    # Factor on their learning rate. When few triplets violate the margin the gradient is small, and AdamW, which takes
    # steps of one size whatever the gradient, drives them far from leaving a feature as it is.
    cfg.MODEL.CMT.GENERATOR_LR_FACTOR = 1.0


def _add_mun(cfg: CfgNode, node: type[CfgNode]) -> None:
    cfg.MODEL.MUN = node()
    # Table 2: where the auxiliary modality comes from, "generator", "x", "mixed" or "syncretic"; "none" with all losses
    # below off is the baseline.
    cfg.MODEL.MUN.AUXILIARY = "generator"
    # What BatchNorm makes of auxiliary maps (and of the images of table 2): "own", a batch by themselves that is not
    # remembered, or "shared", one with the others (a reading, the paper is silent). Shared statistics cost much from
    # scratch. Own ones make C_scale, the scale at the generator's end, inert: the next BatchNorm takes it out again.
    cfg.MODEL.MUN.AUXILIARY_STATISTICS = "own"
    # The generator's pooling ratios, and groups of its transposed convolutions (1 is a full one; the paper is silent).
    cfg.MODEL.MUN.RATIOS = (2, 4, 6, 12)
    cfg.MODEL.MUN.TR_GROUPS = 1
    # Table 1, "+Aux": a classifier of its own on the auxiliary features, which IDC takes the place of.
    cfg.MODEL.MUN.SIMPLE_AUX_ID = False
    # Table 1: identity consistency, identity alignment and modality alignment loss, and their weights; 0 is off too.
    cfg.MODEL.MUN.IDC = True
    cfg.MODEL.MUN.IDC_WEIGHT = 0.25
    cfg.MODEL.MUN.IA = True
    cfg.MODEL.MUN.IA_WEIGHT = 0.5
    cfg.MODEL.MUN.MA = True
    cfg.MODEL.MUN.MA_WEIGHT = 0.008
    # Margins of the identity alignment and of the triplet loss (the paper gives the first).
    cfg.MODEL.MUN.IA_MARGIN = 0.55
    cfg.MODEL.MUN.TRIPLET_MARGIN = 0.3
    # What eq. 12 compares, of which it does not say the length: pooled features at length one ("normalized", distances
    # of 2 at the most, among which the margin counts) or as they are ("raw", with distances far above the margin).
    cfg.MODEL.MUN.IA_FEATURES = "normalized"
    # Table 3: the modality alignment loss on prototypes, and over the auxiliary modality.
    cfg.MODEL.MUN.PROTOTYPE = True
    cfg.MODEL.MUN.BRIDGE = True
    # What a row of the prototypes' memory belongs to: a place in the batch ("slot", what the paper writes) or an image
    # of an identity ("identity").
    cfg.MODEL.MUN.PROTOTYPE_MEMORY = "slot"
    # Factor on the learning rate of the prototypes' maps W_p (eq. 13); 0 keeps them at the identity, where they start.
    # A reading: the paper is silent. While beta is small the loss hardly sees the maps, yet AdamW moves them at full
    # rate. With 1 they run away: on features of one law for all modalities, 150 iterations of RegDB's schedule bring
    # the discrepancy of the prototypes to 14.4 where that of the features is 3.1; with 0.01 it is 3.1.
    cfg.MODEL.MUN.PROTOTYPE_LR_FACTOR = 0.01
    # Readings that are not offered: eq. 12 without a hinge (the paper prints none, but calls it a triplet), training
    # without a BNNeck, and W_p over the places of a batch (B x B, being left of Z) rather than over channels.


def _add_ieee(cfg: CfgNode, node: type[CfgNode]) -> None:
    # Table 2's modalities: DATASETS.ALIGNED.MODALITIES. Label smoothing: fast-reid's MODEL.LOSSES.CE.EPSILON.
    cfg.MODEL.IEEE = node()
    # Figure 6: "progressive" is the method; "image_sum", "feature_sum" and "feature_concatenation" join the modalities
    # first, and have neither interaction nor modality loss.
    cfg.MODEL.IEEE.FUSION = "progressive"
    # Table 3: the cross-modal interacting module; the relation-based embedding module as the released code computes it
    # ("official"), as the paper writes it ("paper"), or "none".
    cfg.MODEL.IEEE.CIM = True
    cfg.MODEL.IEEE.REM = "official"
    # What the feature of the whole image is pooled from: "backbone" (released code) or "interaction" (paper).
    cfg.MODEL.IEEE.GLOBAL_FROM = "backbone"
    # Table 3, figure 7: "3m" (multi-modal margin), "hetero_center", "center" or "none", beside the cross-entropy.
    cfg.MODEL.IEEE.LOSS = "3m"
    cfg.MODEL.IEEE.LOSS_WEIGHT = 1.0
    # Eq. 6: the paper has "l2" of features as they are and names no reduction, the released code "l2sq" of features of
    # length one and "sum". Both losses of figure 7 act in its place: "hetero_center" on features of length one and
    # summed, as the code has it, "center" on all modalities in one vector, a reading.
    cfg.MODEL.IEEE.MARGIN = 1.0
    cfg.MODEL.IEEE.MARGIN_DISTANCE = "l2sq"
    cfg.MODEL.IEEE.MARGIN_REDUCTION = "sum"
    cfg.MODEL.IEEE.MARGIN_NORMALIZE = True
    # Parts of a map, and channels of a part before and after the embedding.
    cfg.MODEL.IEEE.PARTS = 6
    cfg.MODEL.IEEE.REDUCED_DIM = 768
    cfg.MODEL.IEEE.PART_DIM = 128


def _add_mutualformer(cfg: CfgNode, node: type[CfgNode]) -> None:
    # MutualFormer-ReID. The readings: "paper" or "official" affinities (eq. 8), how layers are stacked, and two things
    # that only the released layer has.
    cfg.MODEL.MUTUALFORMER = node()
    # Table 4: "add", "concatenate", "transformer", "cross_attention", "cross_diffusion" or "mutualformer".
    cfg.MODEL.MUTUALFORMER.FUSION = "mutualformer"
    cfg.MODEL.MUTUALFORMER.LAYERS = 2
    cfg.MODEL.MUTUALFORMER.EPSILON = 0.6
    cfg.MODEL.MUTUALFORMER.READING = "paper"
    cfg.MODEL.MUTUALFORMER.STACK = "carry_fused"
    cfg.MODEL.MUTUALFORMER.JOINT_NORM = False
    cfg.MODEL.MUTUALFORMER.FUSED_SELF_ATTENTION = False
    # The paper gives neither; these are those of ViT-Base.
    cfg.MODEL.MUTUALFORMER.DIM = 768
    cfg.MODEL.MUTUALFORMER.HEADS = 12
    # Whether one convolution makes the tokens of both modalities. The paper does not say; its number of parameters for
    # saliency detection tells that there it does.
    cfg.MODEL.MUTUALFORMER.SHARE_PATCH_EMBED = True
    # What is compared: "fused", the fusion's feature, "streams", those of the two streams, or "all" in one vector. Of
    # the paper's two sentences on it, one has "all" and the other "fused".
    cfg.MODEL.MUTUALFORMER.TEST_FEATURE = "all"
    # Gamma, the weight of the heterogeneous score coherence loss; and of the triplet loss that HAMNet's code has on the
    # streams' features after the BatchNorm, which the paper does not mention.
    cfg.MODEL.MUTUALFORMER.SCORE_COHERENCE = 0.001
    cfg.MODEL.MUTUALFORMER.TRIPLET = 0.0
    cfg.MODEL.HAMNET = node()
    # The same of HAMNet, whose triplet loss is also one of the fused scores.
    cfg.MODEL.HAMNET.SCORE_COHERENCE = 0.001
    cfg.MODEL.HAMNET.TRIPLET = 1.0


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
    # Grey images of more than 8 bits, as thermal cameras give them: which values become black and white. (0, 65535)
    # keeps the upper 8 of 16 bits, of which 941 values of a radiometric image leave 4 levels; () takes each image's own
    # values but for one in a thousand at either end. Numbers with a point for files of floating point (kelvin).
    cfg.INPUT.RANGE_16BIT = (0, 65535)
    # Files of more pixels are refused before they are decoded: 5792 x 5792, some 100 MB in each process that reads.
    cfg.INPUT.MAX_PIXELS = 2**25


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

    # SYSU-MM01: "auto" takes the permutation of rand_perm_cam.mat when that is there; "official" insists on the file;
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
    # A folder with the photographs of frost of ImageNet-C's code, which cannot be shipped: the first five of six, as
    # there. "" draws frost, a reading.
    cfg.TEST.CORRUPTION.FROST = ""

    # Re-ranking: a neighbour's neighbours are taken if more than two thirds of them are in common ("official", as in
    # the authors' code and so in published numbers), or two thirds or more ("paper", eq. 5).
    cfg.TEST.RERANK.EXPANSION = "official"
    # fast-reid's TEST.RERANK, TEST.AQE and TEST.ROC: see docs/protocols.md. TEST.PRECISE_BN renews the statistics of
    # BatchNorm after the last epoch, and before a test alone: on which of DATASETS.NAMES, "" for all of them (the
    # host's default is Market1501).
    cfg.TEST.PRECISE_BN.DATASET = ""

    # The k of each Rank-k; () for those of the protocol: 1, 10, 20 on visible-infrared sets, else 1, 5, 10, 20. One
    # beyond a gallery is left out with a warning.
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
