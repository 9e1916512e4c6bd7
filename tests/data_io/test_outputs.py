"""Where a command may write, and what becomes of what stands there."""

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data_io.errors import StorageError
from data_io.outputs import check_output, is_stream, open_output, open_text_output
from tests.conftest import REPOSITORY


def write(path, text="new\n", inputs=()):
    with open_text_output(path, inputs) as stream:
        stream.write(text)


def run(arguments: str, body: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Write from a process of its own, under a shell that sets its descriptors."""
    script = f"import sys; from pathlib import Path\nfrom data_io.outputs import *\n{body}"
    command = f'"{sys.executable}" -c "$BODY" {arguments}'
    environment = {**os.environ, "BODY": script, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        ["bash", "-c", command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


WRITE = "with open_text_output(Path(sys.argv[1])) as s: s.write('new\\n')"


class TestFiles:
    def test_a_file_appears_when_it_is_complete(self, tmp_path):
        with open_text_output(tmp_path / "new" / "a.tsv") as stream:
            stream.write("half")
            assert not (tmp_path / "new" / "a.tsv").exists()
        assert (tmp_path / "new" / "a.tsv").read_text() == "half"

    def test_a_failing_block_leaves_what_was(self, tmp_path):
        (tmp_path / "a.tsv").write_text("old")
        with pytest.raises(ZeroDivisionError), open_text_output(tmp_path / "a.tsv") as stream:
            stream.write(f"half{1 // 0}")
        assert (tmp_path / "a.tsv").read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["a.tsv"]

    @pytest.mark.parametrize("name", ["a.tsv.gz", "A.CSV.GZ"])
    def test_the_ending_gz_compresses_and_is_the_same_again(self, name, tmp_path):
        for folder in ("one", "two"):
            write(tmp_path / folder / name, "a\tb\n")
        packed = (tmp_path / "one" / name).read_bytes()
        assert gzip.decompress(packed) == b"a\tb\n"
        assert (tmp_path / "two" / name).read_bytes() == packed

    @pytest.mark.parametrize("ending", ["bz2", "xz", "zst", "zip"])
    def test_another_compression_is_not_faked(self, ending, tmp_path):
        with pytest.raises(StorageError, match=rf"a\.tsv\.{ending}: .* end the name in \.gz"):
            write(tmp_path / f"a.tsv.{ending}")
        assert list(tmp_path.iterdir()) == []

    def test_bytes_are_not_changed(self, tmp_path):
        with open_output(tmp_path / "a.xlsx") as stream:
            stream.write(b"PK\r\n\0")
        assert (tmp_path / "a.xlsx").read_bytes() == b"PK\r\n\0"


class TestStreams:
    @pytest.mark.parametrize("link", [False, True])
    def test_a_pipe_is_written_to(self, link, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        if link:
            (tmp_path / "link").symlink_to("pipe")
        read: list[str] = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
        reader.start()
        write(tmp_path / ("link" if link else "pipe"))
        reader.join(10)
        assert (read, pipe.is_fifo()) == (["new\n"], True)

    def test_a_device_is_written_to(self, tmp_path):
        null = tmp_path / "null"  # one of our own: were it replaced, the machine would lose its /dev/null
        try:
            os.mknod(null, 0o666 | 0o020000, os.makedev(1, 3))
            null.write_text("")
        except PermissionError:
            pytest.skip("no device can be made here")
        write(null)
        assert null.is_char_device()
        assert is_stream(null)

    def test_a_device_without_room(self, tmp_path):
        full = tmp_path / "full"
        try:
            os.mknod(full, 0o666 | 0o020000, os.makedev(1, 7))
            full.open("w").close()
        except PermissionError:
            pytest.skip("no device can be made here")
        with pytest.raises(StorageError, match=r"full: cannot be written \(no space left on device\)"):
            write(full)
        assert full.is_char_device()

    def test_standard_output_by_its_sign(self, capsys):
        write(Path("-"))
        assert capsys.readouterr().out == "new\n"

    @pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "../link"])
    @pytest.mark.parametrize("to", ["| cat", ">> kept; cat kept", "3>&1 >&3 | cat"])
    def test_standard_output_by_its_names(self, name, to, tmp_path):
        """A file that the shell appends to keeps what it held."""
        (tmp_path / "link").symlink_to("/dev/stdout")
        (tmp_path / "here").mkdir()
        (tmp_path / "here" / "kept").write_text("kept\n")
        done = run(f"{name} {to}", WRITE, tmp_path / "here")
        assert (done.stdout, done.stderr) == ("kept\nnew\n" if "kept" in to else "new\n", "")

    def test_another_descriptor(self, tmp_path):
        (tmp_path / "kept").write_text("kept\n")
        done = run("/dev/fd/3 3>> kept; cat kept", WRITE, tmp_path)
        assert (done.stdout, done.stderr) == ("kept\nnew\n", "")

    def test_a_compressed_stream(self, tmp_path):
        (tmp_path / "out.gz").symlink_to("/dev/stdout")
        done = run("out.gz | gzip -d", WRITE, tmp_path)
        assert (done.stdout, done.stderr) == ("new\n", "")

    def test_a_descriptor_that_is_closed(self, tmp_path):
        body = (
            "from data_io.errors import StorageError\n"
            "try: check_output(Path('/dev/fd/9')); open_output(Path('/dev/fd/9')).__enter__()\n"
            "except StorageError as error: print(error)"
        )
        done = run("", body, tmp_path)
        line = "/dev/fd/9: cannot be written (bad file descriptor); check the path and the disk\n"
        assert (done.stdout, done.stderr) == (line, "")


class TestInputs:
    """An output that is also an input is refused, whatever it is called."""

    @pytest.fixture
    def source(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x.fa").write_text(">a\nACGU\n")
        (tmp_path / "below").mkdir()
        (tmp_path / "symbolic").symlink_to("x.fa")
        (tmp_path / "hard").hardlink_to("x.fa")
        return tmp_path / "x.fa"

    @pytest.mark.parametrize("name", ["x.fa", "./below/../x.fa", "symbolic", "hard", "{root}/x.fa"])
    def test_by_any_name(self, name, source, tmp_path):
        path = Path(name.format(root=tmp_path))
        with pytest.raises(StorageError, match=r"is the input .*x\.fa itself; write to another file"):
            write(path, inputs=[source])
        assert source.read_text() == ">a\nACGU\n"

    def test_as_the_output_of_the_shell(self, source, tmp_path):
        body = (
            "from data_io.errors import StorageError\n"
            "try: check_output(Path('-'), [Path('x.fa')])\n"
            "except StorageError as error: sys.stderr.write(str(error))"
        )
        done = run(">> x.fa", body, tmp_path)
        assert done.stderr == "standard output: is the input x.fa itself; write to another file"

    def test_as_the_input_of_the_shell(self, source, tmp_path):
        body = (
            "from data_io.errors import StorageError\n"
            "try: check_output(Path('x.fa'), [Path('-')])\n"
            "except StorageError as error: sys.stderr.write(str(error))"
        )
        done = run("< x.fa", body, tmp_path)
        assert done.stderr == "x.fa: is the input standard input itself; write to another file"

    def test_a_pipe_that_is_both(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(StorageError, match="is the input"):
            check_output(tmp_path / "pipe", [tmp_path / "pipe"])

    def test_others_are_no_matter(self, source, tmp_path):
        check_output(tmp_path / "new.tsv", [source, tmp_path / "missing"])
        check_output(Path("-"), [source])


def test_a_folder_is_no_output(tmp_path):
    with pytest.raises(StorageError, match="is a folder; give the name of a file"):
        check_output(tmp_path)
