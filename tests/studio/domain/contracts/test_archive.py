"""A zip archive is read in place, and what is made to harm is refused before it is read."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from studio.domain.contracts.archive import BROKEN, ZipTree, is_archive, tree_of
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError


def packed(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def code_of(path: Path, budget: Budget = Budget()) -> str:
    with pytest.raises(AtelierError) as refused:
        ZipTree(path, budget)
    return refused.value.code


def test_files_are_read_without_the_folder_that_holds_them_all(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    tree = ZipTree(packed(tmp_path / "a.zip", {"set/points/1.bin": data, "set/calib.txt": b"P0: 1"}))
    assert tree.paths() == ["calib.txt", "points/1.bin"]
    assert tree.size("points/1.bin") == len(data)
    with tree.open("points/1.bin") as file:
        file.seek(500_000)
        assert file.read(1000) == data[500_000:501_000]
        file.seek(0)
        assert file.read() == data
    with pytest.raises(AtelierError) as missing:
        tree.open("set/calib.txt")
    assert missing.value.code == "import.missing_file"


def test_what_leads_out_or_elsewhere_is_not_there(tmp_path: Path) -> None:
    files = {"../out": b"1", "/root": b"1", "a/../../b": b"1", "C:/windows": b"1", "..\\x": b"1"}
    beside = {"__MACOSX/a": b"1", ".git/config": b"1", "d/.hidden": b"1", "d/seen": b"1", "seen": b"2"}
    path = packed(tmp_path / "a.zip", files | beside)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert ZipTree(path).paths() == ["d/seen", "seen"]


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{number}.txt": bytes(40 * 1024**2) for number in range(8)})
    assert path.stat().st_size < 1_000_000
    assert code_of(path) == "import.too_large"
    assert code_of(path, Budget(file_bytes=1000)) == "import.too_large"


def test_more_files_than_an_import_may_have_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {str(number): b"" for number in range(11)})
    assert code_of(path, Budget(files=10)) == "import.too_many_files"
    assert len(ZipTree(path, Budget(files=11)).paths()) == 11


def test_one_that_is_cut_or_locked_or_packed_otherwise_is_named(tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.zip", {"a": bytes(range(256)) * 100}, zipfile.ZIP_STORED).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    assert code_of(tmp_path / "cut.zip") == "import.bad_archive"
    locked = bytearray(whole)
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    assert code_of(tmp_path / "locked.zip") == "import.bad_archive"
    packed(tmp_path / "lzma.zip", {"a": b"1"}, zipfile.ZIP_LZMA)
    assert code_of(tmp_path / "lzma.zip") == "import.bad_archive"


def test_a_damaged_file_fails_when_it_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a": bytes(range(256)) * 100}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BROKEN), ZipTree(path).open("a") as file:
        file.read()


def test_only_what_is_a_zip_by_name_and_content_is_one(tmp_path: Path) -> None:
    (tmp_path / "false.zip").write_bytes(b"no archive")
    real = packed(tmp_path / "a.zip", {"a": b"1"})
    real.with_suffix(".npz").write_bytes(real.read_bytes())
    assert [is_archive(each) for each in sorted(tmp_path.iterdir())] == [False, True, False]
    assert tree_of(real).paths() == ["a"]
    assert tree_of(tmp_path / "false.zip").paths() == ["false.zip"]
