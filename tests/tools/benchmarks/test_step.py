import step

SMALL = "MODEL.BACKBONE.RESNET.NAME test_resnet INPUT.SIZE_TRAIN [32,16] "
FEW = "SOLVER.IMS_PER_BATCH 8 DATALOADER.NUM_INSTANCE 2"


def test_every_step_tells_its_losses_its_time_and_the_memory(capsys):
    step.main(["--config-file", "configs/demo/agw.yml", "--steps", "2", *(SMALL + FEW).split()])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-4:]] == ["loss_cls", "step", "loss_cls", "step"]
    assert "step of 8 images of [32, 16] on" in lines[-1] and lines[-1].endswith("GiB")
