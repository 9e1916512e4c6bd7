"""Executors on workers of our own, and on a cluster started by hand, for one module each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from distributed import LocalCluster

from search.workers.dask.executor import DaskExecutor
from tests.support.clusters import Cluster, require_bare_environment, wait_for


@pytest.fixture(scope="module")
def own() -> Iterator[DaskExecutor]:
    """An executor with two workers of its own."""
    with closing(DaskExecutor(2)) as executor:
        yield executor


@pytest.fixture(scope="module")
def inside() -> Iterator[LocalCluster]:
    """A scheduler and a worker in this process, which take work from anybody."""
    options = {"dashboard_address": "127.0.0.1:0"}
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        dashboard_address=None,
        scheduler_kwargs=options,
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for clusters that have the dependencies alone."""
    folder = tmp_path_factory.mktemp("cluster")
    require_bare_environment(folder)
    return folder


@pytest.fixture(scope="module")
def cluster(bare: Path) -> Iterator[Cluster]:
    """A scheduler and a worker of two threads that has others' packages; tests may add workers."""
    for package in ("search", "models"):
        (bare / "other" / package).mkdir(parents=True)
        (bare / "other" / package / "__init__.py").write_text("OTHER = True")
    with Cluster(bare / "shared") as cluster:
        loaded = "import models, search\nassert models.OTHER and search.OTHER\n"
        cluster.add_worker("--nthreads", 2, "--preload", loaded, path=[bare / "other", *cluster.path])
        yield cluster


@pytest.fixture
def away(cluster: Cluster) -> Iterator[DaskExecutor]:
    """An executor on that cluster."""
    with closing(DaskExecutor(scheduler=cluster.address)) as executor:
        wait_for(lambda: executor.slots >= 2, "a worker")
        yield executor


@pytest.fixture(params=["own", "away"])
def executor(request: pytest.FixtureRequest) -> DaskExecutor:
    """Each of the two."""
    return request.getfixturevalue(request.param)
