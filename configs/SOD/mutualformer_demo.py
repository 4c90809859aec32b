"""A small network from scratch on the toy scenes of tools/prepare/make_toy_rgbd.py (make demo-sod).

With detail="squeezed" it is not the paper's but that of mutualformer_detail_r50_352x352.py, which learns more in the
few epochs of a demo; --cfg-options model.decode_head.detail=none makes it the paper's.
"""

_base_ = "mutualformer_detail_r50_352x352.py"
size = (96, 96)

model = dict(
    backbone=dict(depth=18, stem_channels=16, base_channels=16, zero_init_residual=False, init_cfg=None),
    decode_head=dict(
        in_channels=(16, 32, 64, 128),
        channels=32,
        input_size=size,
        patch_size=3,
        patch_strides=(2, 1, 1, 1),  # 121, 100, 16 and 1 tokens: the share of a map that the paper's have
        fusion=dict(num_heads=4),
    ),
)

load = [dict(type="LoadImageFromFile"), dict(type="LoadDepthFromFile")]
train_pipeline = [
    *load,
    dict(type="LoadSODMask"),
    dict(type="StackDepth"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomBorderCrop", max_share=1 / 8),
    dict(type="Resize", scale=size, keep_ratio=False),
    dict(type="PackSegInputs", meta_keys={{_base_.meta_keys}}),
]
test_pipeline = [
    *load,
    dict(type="StackDepth"),
    dict(type="Resize", scale=size, keep_ratio=False),
    dict(type="LoadSODMask"),
    dict(type="PackSegInputs", meta_keys={{_base_.meta_keys}}),
]
tta_pipeline = [
    *load,
    dict(type="StackDepth"),
    dict(type="Resize", scale=size, keep_ratio=False),
    {{_base_.flips}},
]

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    drop_last=True,
    dataset=dict(
        _delete_=True,
        type="RGBDSODDataset",
        name="toy",
        pipeline=train_pipeline,
        data_root="{{$SOD_DATASETS:logs/demo-sod/datasets}}/train",
    ),
)
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        _delete_=True,
        type="RGBDSODDataset",
        name="toy",
        pipeline=test_pipeline,
        test_mode=True,
        data_root="{{$SOD_DATASETS:logs/demo-sod/datasets}}/test",
    ),
)
val_dataloader = test_dataloader
test_evaluator = dict(num_workers=0)
val_evaluator = test_evaluator

max_epochs = 6
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=None)
param_scheduler = [dict(type="CosineAnnealingLR", T_max=max_epochs, convert_to_iter_based=True)]
work_dir = "logs/demo-sod/mutualformer"
