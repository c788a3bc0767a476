from meters import ROOT
from wms.core.settings import TrainSettings, parse_settings
from wms.training.unet import build, count_parameters

PARAMETERS = 1_965_569
"""Of the network that the recipe was written for; ours has no biases before a normalisation."""


def test_the_reference_recipe_is_a_valid_configuration_of_this_trainer():
    path = ROOT / "WMS/configs/reference.yaml"
    settings = parse_settings(path.read_bytes(), TrainSettings, source=str(path))
    network = build(settings.architecture, seed=0)
    assert abs(count_parameters(network) - PARAMETERS) < 0.02 * PARAMETERS
