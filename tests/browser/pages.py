"""The pages below a folder of reports."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class ReportPage:
    name: str
    file: pathlib.Path
    root: pathlib.Path
    is_index: bool = False


def find_pages(root):
    """The index first; then each report, by its days."""
    index = root / "index.html"
    pages = [ReportPage("index", index, root, is_index=True)] if index.is_file() else []
    for file in sorted(root.glob("*/dt=*/report.html")):
        day, report = file.parent.name.removeprefix("dt="), file.parent.parent.name
        pages.append(ReportPage(f"{report}-{day}", file, root))
    return pages
