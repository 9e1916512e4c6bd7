import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch

from data_io.errors import ModelError, UserError
from models.cnn import CNNConfig
from models.predict import predict
from models.registry import get_architecture
from models.rnn import RNNConfig
from models.weights import load_model, save_model

NETWORK = CNNConfig(motif_length=6, filters=8, hidden=8, batch_norm=True)


@pytest.fixture
def members():
    return [get_architecture("cnn").build(NETWORK) for _ in range(3)]


@pytest.fixture
def folder(tmp_path, members):
    save_model(
        tmp_path / "model",
        "cnn",
        [NETWORK] * 3,
        [member.state_dict() for member in members],
        {"scaling": {"mean": 0.5}},
    )
    return tmp_path / "model"


def test_round_trip(folder, members, codes):
    loaded = load_model(folder)
    assert (loaded.architecture, loaded.network, loaded.extra) == ("cnn", NETWORK, {"scaling": {"mean": 0.5}})
    np.testing.assert_array_equal(loaded.predict(codes.numpy()), predict(members, codes))
    assert not any(member.training for member in loaded.members)


@pytest.mark.parametrize(
    ("architecture", "network"),
    [
        ("rnn", RNNConfig(lstm_hidden=8, bidirectional=True)),
        ("rnn", RNNConfig(convolution=False)),
        ("cnn", CNNConfig()),
    ],
)
def test_every_architecture_can_be_saved(tmp_path, architecture, network, codes):
    model = get_architecture(architecture).build(network)
    save_model(tmp_path, architecture, [network], [model.state_dict()])
    np.testing.assert_array_equal(load_model(tmp_path).predict(codes.numpy()), predict(model, codes))


def test_members_may_be_of_several_configs(tmp_path, codes):
    networks = [NETWORK, replace(NETWORK, filters=4), NETWORK]
    members = [get_architecture("cnn").build(network) for network in networks]
    save_model(tmp_path, "cnn", networks, [member.state_dict() for member in members])
    loaded = load_model(tmp_path)
    assert loaded.network == networks
    np.testing.assert_array_equal(loaded.predict(codes.numpy()), predict(members, codes))
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["format"], [network["filters"] for network in config["network"]]) == (2, [8, 4, 8])


def test_the_files_are_those_promised(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "weights-0.safetensors", "weights-1.safetensors", "weights-2.safetensors",
    ]  # fmt: skip
    config = json.loads((folder / "config.json").read_text())
    assert config["architecture"] == "cnn"
    assert config["network"]["filters"] == 8
    assert config["members"] == 3
    assert config["scaling"] == {"mean": 0.5}


def test_saving_again_replaces_the_members(folder, members, codes):
    save_model(folder, "cnn", [NETWORK], [members[1].state_dict()])
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "weights-0.safetensors"]
    np.testing.assert_array_equal(load_model(folder).predict(codes.numpy()), predict(members[1], codes))


def test_what_save_model_writes_itself_cannot_be_extra(tmp_path, members):
    with pytest.raises(ValueError, match="'network'"):
        save_model(tmp_path, "cnn", [NETWORK], [members[0].state_dict()], {"network": 1})
    with pytest.raises(ValueError, match="at least one member"):
        save_model(tmp_path, "cnn", [], [])
    with pytest.raises(ValueError, match="one a member, received 2 for 1"):
        save_model(tmp_path, "cnn", [NETWORK] * 2, [members[0].state_dict()])


def edit(**changes):
    def damage(folder):
        path = folder / "config.json"
        config = {**json.loads(path.read_text()), **changes}
        path.write_text(json.dumps({key: value for key, value in config.items() if value != "REMOVED"}))

    return damage


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def cut(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-5])


def swap_network(folder):
    other = CNNConfig(motif_length=6, filters=9, hidden=8, batch_norm=True)
    save_model(folder / "other", "cnn", [other], [get_architecture("cnn").build(other).state_dict()])
    (folder / "other" / "weights-0.safetensors").replace(folder / "weights-1.safetensors")


@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json", "no such file or directory"),
        (lambda folder: (folder / "weights-2.safetensors").unlink(), "weights-2.safetensors", "no such file"),
        (write("config.json", b"{"), "config.json", "not readable as JSON"),
        (write("config.json", b"\xff\xfe\x00"), "config.json", "not readable as JSON"),
        (write("config.json", b"[]"), "config.json", "not the config of an exported model"),
        (edit(network="REMOVED"), "config.json", "not the config of an exported model"),
        (edit(format=3), "config.json", "format 3, this version reads 1 and 2"),
        (edit(architecture="gan"), "config.json", "architecture 'gan' is unknown"),
        (edit(architecture=3), "config.json", "architecture 3 is unknown"),
        (edit(network={"filters": 0}), "config.json", "network: filters = 0: must be a whole number from 1"),
        (edit(network={"width": 3}), "config.json", "network: "),
        (edit(network=[1]), "config.json", "network = [1]: must be a table"),
        (edit(network=[{}, {}]), "config.json", "network = [{}, {}]: must be a table"),
        (edit(network=[{}, {}, 1]), "config.json", "network = [{}, {}, 1]: must be a table"),
        (edit(members=0), "config.json", "members = 0: must be a whole number from 1"),
        (edit(members="two"), "config.json", "members = 'two': must be a whole number from 1"),
        (edit(members=4), "weights-3.safetensors", "no such file"),
        (cut("weights-1.safetensors"), "weights-1.safetensors", "damaged"),
        (write("weights-0.safetensors", b""), "weights-0.safetensors", "damaged"),
        (
            swap_network,
            "weights-1.safetensors",
            "tensor 'convolutions.motifs.bias' has shape (9,), the config",
        ),
        (edit(network={}), "weights-0.safetensors", "tensor 'convolutions.motifs.bias' has shape (8,)"),
    ],
)
def test_a_damaged_folder_is_one_line_that_names_the_file(folder, damage, file, message):
    damage(folder)
    with pytest.raises(ModelError) as error:
        load_model(folder)
    assert str(error.value).startswith(f"{folder / file}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        load_model(tmp_path / "nowhere")


def test_weights_are_plain_safetensors_by_the_names_of_the_network(folder, members):
    for number, member in enumerate(members):
        tensors = safetensors.torch.load_file(folder / f"weights-{number}.safetensors")
        assert tensors.keys() == member.state_dict().keys()
