"""Mistakes in options."""

from __future__ import annotations

from tests.search.cli.mistakes.place import Command, Place, says


@says("unknown architecture 'transformer'; the ones that come with a space: cnn, rnn")
def an_unknown_architecture(place: Place) -> Command:
    return ["launch", "SIMFOX", "--data", place.simulated, "--arch", "transformer"]


@says("--trials '0': should be greater than or equal to 1; see rbptune launch --help")
def no_trials(place: Place) -> Command:
    return place.launch("--trials", 0)


@says("--trials 'abc': should be a valid integer; see rbptune launch --help")
def trials_that_are_no_number(place: Place) -> Command:
    return place.launch("--trials", "abc")


@says("hours = -1: must be a number from 0 to 87600")
def time_that_runs_backwards(place: Place) -> Command:
    return place.launch("--hours", -1)


@says("hours = nan: must be a number from 0 to 87600")
def time_that_is_no_number(place: Place) -> Command:
    return place.launch("--hours", "nan")


@says("epochs = 10000000: must be a whole number from 1 to 10000")
def too_many_epochs(place: Place) -> Command:
    return place.launch("--epochs", 10_000_000)


@says("No such option: --trails...; see rbptune launch --help")
def an_unknown_option(place: Place) -> Command:
    return place.launch("--trails", 3)


@says("No such command 'lunch'...; see rbptune --help")
def an_unknown_command(place: Place) -> Command:
    return ["lunch"]


@says("--split 'random': is not one of 'grouped', 'seeded-shuffle'; see rbptune launch --help")
def an_unknown_split(place: Place) -> Command:
    return place.launch("--split", "random")


@says("Missing option '--data'; see rbptune launch --help")
def a_missing_option(place: Place) -> Command:
    return ["launch", "SIMFOX"]


@says("10 probes are too few to learn from; simulate at least 1000")
def too_few_probes_to_simulate(place: Place) -> Command:
    return ["simulate", "--out", place.root / "data", "--probes", 10]


@says("{root}/data: holds a norm_data.txt that was not simulated; choose another folder")
def measured_data_where_simulated_would_go(place: Place) -> Command:
    place.with_matrix(lambda text: text)
    return ["simulate", "--out", place.root / "data"]


@says("--notify 'no-such-program': no such command; give a program's path, or a web address")
def nobody_to_tell(place: Place) -> Command:
    return place.launch("--notify", "no-such-program --now")


@says("--notify: nothing ends here with --detach; give it to rbptune serve")
def an_end_that_is_elsewhere(place: Place) -> Command:
    return place.launch("--notify", "true", "--detach")


@says("--password-file {root}/password: others may read or write it; chmod 600 {root}/password")
def a_password_that_others_can_read(place: Place) -> Command:
    file = place.root / "password"
    file.write_text("correct horse battery")
    file.chmod(0o644)
    return ["serve", "--workspace", place.workspace, "--jobs", 0, "--port", 0, "--password-file", file]


@says("{root}/nowhere: no such folder; check --data, or get data by `rbptune fetch` or `rbptune simulate`")
def nothing_to_launch_from(place: Place) -> Command:
    return [
        "serve",
        "--workspace",
        place.workspace,
        "--jobs",
        0,
        "--port",
        0,
        "--data",
        place.root / "nowhere",
    ]
