"""The real command over a Dask cluster started by hand: workers come and go, and TLS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.workers.dask.connection import ClusterError
from search.workers.dask.executor import DaskExecutor
from tests.support.clusters import Cluster, require_bare_environment
from tests.support.faults import Launch, check_exact, count_epochs, wait_until_training

LONGEST = 240


def test_a_launch_over_workers_that_come_and_go_ends_exact(simulated: Path, tmp_path: Path) -> None:
    require_bare_environment(tmp_path)
    with Cluster(tmp_path / "cluster") as cluster:
        _, victim, _ = (cluster.add_worker() for _ in range(3))
        launch = Launch(simulated, tmp_path / "studies", trials=12, extra=("--scheduler", cluster.address))
        driver = launch.start()
        wait_until_training(launch.workspace, driver)
        victim.kill()
        cluster.add_worker()
        said, _ = driver.communicate(timeout=LONGEST)
    assert driver.returncode == 0, said
    check_exact(launch.workspace, launch.trials)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two files, each a certificate that vouches for itself, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = []
    for name in ("ours", "another"):
        path = folder / f"{name}.pem"
        subject = ["-subj", f"/CN={name}", "-days", "2", "-keyout", path, "-out", folder / "certificate"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject],
            check=True,
            capture_output=True,
        )
        path.write_text(path.read_text() + (folder / "certificate").read_text())
        made.append(path)
    return made[0], made[1]


@pytest.fixture(scope="module")
def secured(certificates: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("secured")
    require_bare_environment(folder)
    pem = certificates[0]
    options = ("--tls-ca-file", pem, "--tls-cert", pem, "--tls-key", pem)
    with Cluster(folder / "cluster", *options, scheme="tls") as cluster:
        cluster.add_worker(*options)
        yield cluster


def test_a_launch_over_tls_ends_exact(
    secured: Cluster, certificates: tuple[Path, Path], simulated: Path, tmp_path: Path
) -> None:
    assert secured.address.startswith("tls://127.0.0.1:")
    pem = certificates[0]
    extra = ("--scheduler", secured.address, "--tls", pem, pem, pem)
    launch = Launch(simulated, tmp_path / "studies", trials=2, extra=extra)
    launch.finish()
    check_exact(launch.workspace, launch.trials)
    assert count_epochs(launch.workspace) > 0


@pytest.mark.parametrize(
    ("files", "said"),
    [("another", r"TLS with it fails \(.*certificate verify failed"), (None, "give --tls CA CERT KEY")],
)
def test_who_has_not_the_certificate_is_turned_away(
    files: str | None,
    said: str,
    secured: Cluster,
    certificates: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("search.workers.dask.connection.CONNECT_SECONDS", 2)
    tls = {} if files is None else dict.fromkeys(("ca", "cert", "key"), str(certificates[1]))
    with pytest.raises(ClusterError, match=said):
        DaskExecutor(scheduler=secured.address, tls=tls)
