"""A place to make mistakes in, and the table in which they are entered with what they have to say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.commands import launch, rbptune

Command = list[object]


@dataclass(frozen=True)
class Place:
    """A folder to make mistakes in."""

    root: Path
    simulated: Path
    finished: Path

    @property
    def workspace(self) -> Path:
        return self.root / "rbptune-workspace"

    def launch(self, *options: object, name: str = "SIMFOX", data: Path | None = None) -> Command:
        return launch(data or self.simulated, self.workspace, *options, name=name)

    def with_space(self, text: str, *options: object) -> Command:
        """Launch with a space of one's own."""
        path = self.root / "space.toml"
        path.write_text(text)
        return ["launch", "SIMFOX", "--data", self.simulated, "--space", path, *options]

    def with_parameters(self, text: str) -> Command:
        return self.with_space(f'architecture = "cnn"\n[parameters]\n{text}\n')

    def with_sheet(self, text: str, name: str) -> Command:
        """Launch with a master sheet of one's own."""
        data = self.root / "data"
        data.mkdir()
        shutil.copyfile(self.simulated / "norm_data.txt", data / "norm_data.txt")
        (data / "metadata.csv").write_text(text)
        return self.launch(name=name, data=data)

    def with_matrix(self, change: Callable[[str], str | bytes], compress: bool = False) -> Command:
        """Launch with a changed matrix."""
        data = self.root / "data"
        data.mkdir()
        shutil.copyfile(self.simulated / "metadata.xlsx", data / "metadata.xlsx")
        text = change((self.simulated / "norm_data.txt").read_text())
        content = text.encode() if isinstance(text, str) else text
        path = data / ("norm_data.txt.gz" if compress else "norm_data.txt")
        path.write_bytes(content)
        return self.launch(data=data)

    def with_column(self, change: Callable[[int, str], str]) -> Command:
        """Launch with other intensities: `change` gets the row's number and the old one."""

        def changed(text: str) -> str:
            rows = [line.split("\t") for line in text.splitlines()]
            column = rows[0].index("RNCMPT90001")
            for number, row in enumerate(rows[1:]):
                row[column] = change(number, row[column])
            return "".join("\t".join(row) + "\n" for row in rows)

        return self.with_matrix(changed)

    def done(self) -> Path:
        """A workspace with a finished study."""
        shutil.copytree(self.finished, self.workspace)
        return self.workspace

    def again(self, *options: object) -> Command:
        """Launch the finished study again, but for what `options` change."""
        self.done()
        return self.launch("--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1, *options)

    def export(self) -> Path:
        """An export of the finished study."""
        said = rbptune("export", "SIMFOX", "--workspace", self.finished, "--out", self.root / "model")
        assert said.code == 0, said.err
        return self.root / "model"

    def predict(self, fasta: str | None, export: Path | None = None) -> Command:
        """Predict for the text of a FASTA file."""
        path = self.root / "new.fasta"
        if fasta is not None:
            path.write_text(fasta)
        return ["predict", export or self.export(), path]

    def variants(self, table: str) -> Command:
        """Score the variants of a table, of the sequence ACGU called a."""
        _, export, fasta = self.predict(">a\nACGU\n")
        path = self.root / "v.tsv"
        path.write_text(table)
        return ["variants", export, fasta, path]


@dataclass(frozen=True)
class Case:
    """A mistake: `make` gives the command, `line` is what it has to say ('...' stands for any text)."""

    make: Callable[[Place], Command]
    line: str


CASES: dict[str, Case] = {}


def says(line: str) -> Callable[[Callable[[Place], Command]], Callable[[Place], Command]]:
    """Enter a mistake in the table."""

    def enter(make: Callable[[Place], Command]) -> Callable[[Place], Command]:
        CASES[make.__name__] = Case(make, line)
        return make

    return enter
