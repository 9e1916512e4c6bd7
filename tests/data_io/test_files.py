import errno
import os
from pathlib import Path

import pytest

from data_io.errors import StorageError
from data_io.files import write_atomically


def test_writes_the_file_and_makes_its_folder(tmp_path):
    target = tmp_path / "new" / "folder" / "a.json"
    with write_atomically(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".json"
        temporary.write_text("{}")
        assert not target.exists()
    assert target.read_text() == "{}"
    assert list(target.parent.iterdir()) == [target]


def test_a_failing_block_keeps_the_old_file_and_leaves_nothing_behind(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), write_atomically(target) as temporary:
        temporary.write_text(f"half of the new {1 // 0}")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_two_writers_do_not_share_a_temporary_file(tmp_path):
    target = tmp_path / "a.txt"
    with write_atomically(target) as first, write_atomically(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"  # the outer block ends last


def test_a_full_disk_is_one_line_that_names_the_file(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    target = tmp_path / "a.txt"
    with pytest.raises(StorageError) as caught, write_atomically(target), Path("/dev/full").open("w") as full:
        full.write("x")
    message = "cannot be written (no space left on device); make room on the disk and try again"
    assert str(caught.value) == f"{target}: {message}"


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "a.txt"
    with pytest.raises(StorageError, match="check the path"), write_atomically(target) as temporary:
        temporary.write_text("x")


def test_a_read_only_folder(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "replace", refuse)  # modes do not bind a test that runs as root
    target = tmp_path / "a.txt"
    with pytest.raises(StorageError) as caught, write_atomically(target) as temporary:
        temporary.write_text("x")
    message = "cannot be written (permission denied); choose a folder that you may write to"
    assert str(caught.value) == f"{target}: {message}"
    assert list(tmp_path.iterdir()) == []


def test_an_error_about_another_file_is_not_blamed_on_this_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"), write_atomically(tmp_path / "a.txt"):
        (tmp_path / "absent").read_text()


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to("real/a.txt")
    with write_atomically(link) as temporary:
        assert temporary.parent == tmp_path / "real"
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "new"


def test_a_link_to_a_file_that_is_not_there_yet(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to("later.txt")
    with write_atomically(link) as temporary:
        temporary.write_text("new")
    assert (link.is_symlink(), (tmp_path / "later.txt").read_text()) == (True, "new")


def test_a_link_that_leads_to_itself(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to(link)
    with pytest.raises(StorageError, match="too many levels of symbolic links"), write_atomically(link):
        pass
    assert link.is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o640])
def test_mode_and_group_of_a_replaced_file_stay(mode, tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    group = next((g for g in os.getgroups() if g != target.stat().st_gid), target.stat().st_gid)
    if os.geteuid() == 0:
        group = 12345
    os.chown(target, -1, group)
    target.chmod(mode)
    with write_atomically(target) as temporary:
        temporary.write_text("new")
    assert (target.read_text(), target.stat().st_mode & 0o7777, target.stat().st_gid) == ("new", mode, group)


def test_where_the_group_cannot_be_kept_it_may_nothing(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o664)
    monkeypatch.setattr("data_io.files._give", lambda *_: False)
    with write_atomically(target) as temporary:
        temporary.write_text("new")
    assert target.stat().st_mode & 0o7777 == 0o604


def test_a_pipe_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="a device or a pipe"), write_atomically(tmp_path / "pipe") as new:
        new.write_text("x")
    assert (tmp_path / "pipe").is_fifo()


def test_a_name_as_long_as_names_can_be(tmp_path):
    target = tmp_path / ("a" * 251 + ".tsv")
    with write_atomically(target) as temporary:
        temporary.write_text("x")
    assert target.read_text() == "x"
