"""MutualFormer for RGB-D salient object detection, as in the paper: 2985 training pairs, six test sets.

Data go to data/SOD or to the folder that the variable SOD_DATASETS names: train/{NJU2K,NLPR,DUT-RGBD} and
test/{NJU2K,NLPR,DUT-RGBD,SIP,STEREO,LFSD}, each with the folders RGB, depth and GT. Depth is white where it is near; a
set's own depth_direction says otherwise.

The paper's tables: decode_head.fusion.depth (3), .variant (4), .epsilon (5), decode_head.regularization (6).

Readings, where the paper is silent: how layers are stacked (fusion.stack: 51.998 M weights, 52.032 M with
"renew_fused", an "h" for each layer; 52.05 M are printed), that depth is normalized as a grey image would be
(data_preprocessor.depth_mean, .depth_std), the share that the random crop takes, and the formula of eq. 15's
regularization. The paper starts attention and feed-forward networks from a ViT; none is 64 wide (decode_head.vit), so
they start truncated normal.
"""

custom_imports = dict(imports=["mmseg_mm"], allow_failed_imports=False)
default_scope = "mmseg"
size = (352, 352)

model = dict(
    type="MutualFormerSegmentor",
    data_preprocessor=dict(type="RGBDDataPreProcessor"),
    modalities=("image", "depth"),
    backbone=dict(
        type="ResNet",
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        strides=(1, 2, 2, 2),
        dilations=(1, 1, 1, 1),
        norm_cfg=dict(type="BN"),
        style="pytorch",
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50"),
    ),
    decode_head=dict(
        type="MutualFormerHead",
        in_channels=(256, 512, 1024, 2048),
        channels=64,
        input_size=size,
        patch_size=11,
        patch_strides=(8, 4, 2, 1),  # 100, 81, 36 and 1 tokens
        fusion=dict(variant="mutualformer", num_heads=8, depth=2, epsilon=0.6),
        detail="none",
        regularization=0.4,
        norm_cfg=dict(type="BN"),
        loss_decode=dict(type="PixelPositionAwareLoss", weighted_bce=True),
        loss_regularization=dict(type="CrossModalFocalLoss", alpha=1.0, gamma=2.0),
    ),
    test_cfg=dict(mode="whole"),
)
tta_model = dict(type="SaliencyTTAModel")

meta_keys = (
    "img_path",
    "depth_path",
    "thermal_path",
    "seg_map_path",
    "dataset_name",
    "ori_shape",
    "img_shape",
    "pad_shape",
    "scale_factor",
    "flip",
    "flip_direction",
)
load = [dict(type="LoadImageFromFile"), dict(type="LoadDepthFromFile")]
train_pipeline = [
    *load,
    dict(type="LoadSODMask"),
    dict(type="StackDepth"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomBorderCrop", max_share=1 / 8),
    dict(type="Resize", scale=size, keep_ratio=False),
    dict(type="PackSegInputs", meta_keys=meta_keys),
]
test_pipeline = [  # the mask stays at its own size
    *load,
    dict(type="StackDepth"),
    dict(type="Resize", scale=size, keep_ratio=False),
    dict(type="LoadSODMask"),
    dict(type="PackSegInputs", meta_keys=meta_keys),
]
flips = dict(
    type="TestTimeAug",
    transforms=[
        [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)],
        [dict(type="LoadSODMask")],
        [dict(type="PackSegInputs", meta_keys=meta_keys)],
    ],
)
tta_pipeline = [*load, dict(type="StackDepth"), dict(type="Resize", scale=size, keep_ratio=False), flips]

train_dataloader = dict(
    batch_size=15,
    num_workers=4,
    persistent_workers=False,
    worker_init_fn=dict(type="seed_worker"),
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(
        type="FiniteRepeatDataset",
        times=11,
        dataset=dict(  # the paper's 32835 images an epoch
            type="RGBDSODDataset",
            data_root="{{$SOD_DATASETS:data/SOD}}/train",
            pipeline=train_pipeline,
            sets=[
                dict(name="NJU2K", num_samples=1485),
                dict(name="NLPR", num_samples=700),
                dict(name="DUT-RGBD", num_samples=800),
            ],
        ),
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=False,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="RGBDSODDataset",
        data_root="{{$SOD_DATASETS:data/SOD}}/test",
        pipeline=test_pipeline,
        test_mode=True,
        sets=[
            dict(name="NJU2K", num_samples=500),
            dict(name="NLPR", num_samples=300),
            dict(name="DUT-RGBD", num_samples=400),
            dict(name="SIP", num_samples=929),
            dict(name="STEREO", num_samples=797),
            dict(name="LFSD", num_samples=100),
        ],
    ),
)
val_dataloader = test_dataloader
test_evaluator = dict(type="SODMetric", num_workers=2, keep_results=True)
val_evaluator = test_evaluator

max_epochs = 15
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)  # nothing is chosen on the test sets
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="Adam", lr=4.5e-5),
    paramwise_cfg=dict(custom_keys={"backbone": dict(lr_mult=1 / 9)}),
)  # of both streams: 5e-6
param_scheduler = [  # 1, 0.1 after epoch 5, 0.02 after epoch 8
    dict(type="MultiStepLR", milestones=[5], gamma=0.1),
    dict(type="MultiStepLR", milestones=[8], gamma=0.2),
]

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(type="ResumableCheckpointHook", interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    visualization=dict(type="SaliencyVisualizationHook"),
)
custom_hooks = [
    dict(type="SafeCheckpointHook", trust=False),
    dict(type="EpochSeedHook"),
    dict(type="DataRootHook"),
    dict(type="SyncBuffersHook"),
    dict(type="RunRecordHook"),
    dict(type="ReferencesHook", enabled=False),
]
log_processor = dict(by_epoch=True)
visualizer = dict(type="SaliencyVisualizer", name="visualizer", vis_backends=[dict(type="LocalVisBackend")])
env_cfg = dict(
    cudnn_benchmark=True, mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0), dist_cfg=dict(backend="nccl")
)
randomness = dict(seed=1)
log_level = "INFO"
load_from = None
resume = False
