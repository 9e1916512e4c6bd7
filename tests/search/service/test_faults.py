"""Kills with SIGKILL at random moments: the totals stay exact and, with one job, so do the figures."""

import os
import random
from pathlib import Path

import pytest

from tests.support.faults import LATEST, Launch, check_exact, disturb, outcome

pytestmark = pytest.mark.faults
SOAK = "RBPTUNE_SOAK" in os.environ
SEED = int(os.environ.get("RBPTUNE_SOAK_SEED", "20261123"))
KILLS = {"workers": (True, False), "driver": (False, True), "both": (True, True)}
ROUNDS = {"workers": 20, "driver": 20, "both": 5} if SOAK else {"workers": 1, "driver": 1, "both": 1}


@pytest.fixture(scope="module")
def undisturbed(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    launch = Launch(simulated, tmp_path_factory.mktemp("undisturbed") / "studies")
    launch.finish()
    check_exact(launch.workspace, launch.trials)
    return outcome(launch.workspace)


@pytest.mark.parametrize(
    ("victims", "number"), [(v, n) for v, rounds in ROUNDS.items() for n in range(rounds)]
)
def test_a_killed_run_goes_on_to_the_same_figures(
    simulated: Path, tmp_path: Path, undisturbed: dict[str, object], victims: str, number: int
) -> None:
    seed = f"{SEED}-{victims}-{number}"
    print(f"seed {seed}")
    launch = Launch(simulated, tmp_path / "studies")
    disturb(launch, random.Random(seed), *KILLS[victims])
    launch.finish()
    check_exact(launch.workspace, launch.trials)
    assert outcome(launch.workspace) == undisturbed


@pytest.mark.parametrize("number", range(5 if SOAK else 1))
def test_two_workers_killed_again_and_again_end_with_the_exact_total(
    simulated: Path, tmp_path: Path, number: int
) -> None:
    chance = random.Random(f"{SEED}-two-{number}")
    launch = Launch(simulated, tmp_path / "studies", trials=40, jobs=2)
    for kill_driver in (True, False):  # where the driver is left alone, it goes on to the end
        disturb(launch, chance, True, kill_driver, latest=LATEST // 2)
    launch.finish()
    check_exact(launch.workspace, launch.trials)


def test_what_is_left_after_the_end_is_not_done_again(simulated: Path, tmp_path: Path) -> None:
    launch = Launch(simulated, tmp_path / "studies", trials=2)
    launch.finish()
    before = outcome(launch.workspace)
    launch.finish()
    assert outcome(launch.workspace) == before
