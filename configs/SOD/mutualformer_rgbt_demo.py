"""The demo's small network on toy scenes with thermal images, of tools/prepare/make_toy_rgbd.py --modality thermal."""

_base_ = "mutualformer_demo.py"
size = (96, 96)

model = dict(data_preprocessor=dict(type="RGBTDataPreProcessor"), modalities=("image", "thermal"))

load = [dict(type="LoadImageFromFile"), dict(type="LoadThermalFromFile")]
resize = dict(type="Resize", scale=size, keep_ratio=False)
pack = dict(type="PackSegInputs", meta_keys={{_base_.meta_keys}})
train_pipeline = [
    *load,
    dict(type="LoadSODMask"),
    dict(type="StackThermal"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="RandomBorderCrop", max_share=1 / 8),
    resize,
    pack,
]
test_pipeline = [*load, dict(type="StackThermal"), resize, dict(type="LoadSODMask"), pack]
tta_pipeline = [*load, dict(type="StackThermal"), resize, {{_base_.flips}}]

train_dataloader = dict(dataset=dict(type="RGBTSODDataset", pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(type="RGBTSODDataset", pipeline=test_pipeline))
val_dataloader = test_dataloader
work_dir = "logs/demo-sod/mutualformer_rgbt"
