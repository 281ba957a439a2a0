"""Compresses a wheel or npm's tarball once more, by zopfli: a twentieth smaller than zlib's best, for the same readers.

Run with a path by the interpreter that has what `requirements.txt` names; others call `again`.
"""

import gzip
import sys
import zipfile
from pathlib import Path

from cargo import BIN
from project import run


def again(file: Path) -> None:
    run(BIN / "python", Path(__file__), file)


def main(file: Path) -> None:
    if file.suffix == ".whl":
        wheel(file)
    else:
        tarball(file)


def wheel(file: Path) -> None:
    import zopfli

    with zipfile.ZipFile(file) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zopfli.ZipFile(file, "w") as archive:
        for entry, content in members:
            archive.writestr(entry, content)


def tarball(file: Path) -> None:
    import zopfli

    compressor = zopfli.ZopfliCompressor(zopfli.ZOPFLI_FORMAT_GZIP)
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(compressor.compress(content) + compressor.flush())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
