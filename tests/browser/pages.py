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
    """The index first. The newest page of a report has the report's name, an older one its day too."""
    index = root / "index.html"
    pages = [ReportPage("index", index, root, is_index=True)] if index.is_file() else []
    for report in sorted({file.parent.parent for file in root.glob("*/dt=*/report.html")}):
        newest, *older = sorted(report.glob("dt=*/report.html"), reverse=True)
        pages.append(ReportPage(report.name, newest, root))
        pages += [ReportPage(f"{report.name}-{file.parent.name.removeprefix('dt=')}", file, root) for file in older]
    return pages
