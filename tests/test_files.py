"""Files are whole or absent, and only regular files are replaced."""
import os

import pytest

from tacheck import files
from tacheck.numeric.arrays import ProblemError
from tacheck.numeric.files import place


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    files.write(path, "old")
    with pytest.raises(UnicodeEncodeError): files.write(path, "new \ud800")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no regular file"): files.write(pipe, "text")
    with pytest.raises(ProblemError, match="no regular file"): place(pipe)
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "link").symlink_to("a.txt")
    files.write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "a.txt").read_text() == "new"
