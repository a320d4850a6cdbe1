"""The checks themselves: each must find the one defect of a small page, and nothing else; a page without a defect must pass."""

import pathlib
import tempfile

import chromium
from findings import Findings
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
            with chromium.tab(browser, variant) as page:
                for name, body, script in (("a page", CLEAN, SCRIPT), ("a page with charts", asked(), scripts())):
                    wrong += [f"{name} without a defect: {line}" for line in found(page, variant, sample, body, script)]
                for defect in (defect for defect in DEFECTS if defect.variant == variant.name):
                    lines = found(page, variant, sample, defect.body, defect.script)
                    if not any(defect.message in line for line in lines):
                        wrong.append(f"{defect.name}: nothing says {defect.message!r}: {lines}")
                    wrong += [f"{defect.name}: also found {line}" for line in lines if not line.startswith(f"sample: {defect.check}: ")]
    return wrong


def found(page, variant, sample, body, script):
    sample.file.write_text(SHELL.format(style=STYLE, body=body, script=script))
    findings = Findings()
    visit(page, variant, sample, findings)
    return list(findings.lines())
