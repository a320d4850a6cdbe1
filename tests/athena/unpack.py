"""Unpacks what was fetched of Trino: unpack.py ARCHIVES FOLDER gives FOLDER/lib, the server, and FOLDER/plugin/NAME for each connector.

What is there of another version goes. The archives were verified by their SHA-256.
"""

import pathlib
import shutil
import sys
import tarfile
import zipfile


def main():
    archives, folder = map(pathlib.Path, sys.argv[1:])
    for old in ("lib", "plugin"):
        shutil.rmtree(folder / old, ignore_errors=True)
    (folder / "lib").mkdir()
    for archive in archives.glob("trino-server-core-*.tar.gz"):
        with tarfile.open(archive) as server:
            for member in server:
                # Only the server's own jars, of which some are links: connectors in there are others than are asked for.
                path = pathlib.PurePosixPath(member.name)
                if path.parent.name == "lib" and (content := server.extractfile(member)):
                    with content, open(folder / "lib" / path.name, "wb") as file:
                        shutil.copyfileobj(content, file)
    for archive in archives.glob("trino-*.zip"):
        with zipfile.ZipFile(archive) as connector:
            connector.extractall(folder / "plugin")


main()
