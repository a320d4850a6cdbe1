"""The checks themselves: each must find the one defect of a small page, and nothing else; a page without a defect must pass."""

import contextlib
import pathlib
import tempfile

import chromium
from findings import Enough, Findings
from pages import ReportPage
from samples import CLEAN, DEFECTS, SCRIPT, SHELL, STYLE, asked, scripts
from visit import VARIANTS, visit


def run(browser):
    """What the checks missed, or found where nothing is."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        file = root / "sample/dt=2026-11-23/report.html"
        file.parent.mkdir(parents=True)
        sample = ReportPage("sample", file, root)
        for variant in VARIANTS:
            with chromium.tab(browser, variant) as page, chromium.tab(browser, variant, has_scripts=False) as without_scripts:
                tabs = (page, without_scripts)
                for name, body, script in (("a page", CLEAN, SCRIPT), ("a page with charts", asked(), scripts())):
                    wrong += [f"{name} without a defect: {line}" for line in found(tabs, variant, sample, body, script)]
                for defect in (defect for defect in DEFECTS if defect.variant == variant.name):
                    lines = found(tabs, variant, sample, defect.body, defect.script, defect)
                    if not any(defect.message in line for line in lines):
                        wrong.append(f"{defect.name}: nothing says {defect.message!r}: {lines}")
                    wrong += [f"{defect.name}: also found {line}" for line in lines if not line.startswith(f"sample: {defect.check}: ")]
    return wrong


def found(tabs, variant, sample, body, script, defect=None):
    """Of a defect of what answers, no more is looked at than answers, and only until it is found: most of these pages have one."""
    page, without_scripts = tabs
    sample.file.write_text(SHELL.format(style=STYLE, body=body, script=script))
    is_asked_only = defect is not None and defect.check in ("asking", "printed", "without scripts")
    findings = Findings(defect.message if is_asked_only else None)
    with contextlib.suppress(Enough):
        visit(page, variant, sample, findings, without_scripts, is_asked_only=is_asked_only)
    return list(findings.lines())
