"""The one browser of a run: the machine's own Chromium, without a network."""

import contextlib
import os
import shutil
import sys

from playwright.sync_api import Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
START_LIMIT_MS = 30_000
STEP_LIMIT_MS = 10_000


@contextlib.contextmanager
def started(local=False):
    """`local`: servers on 127.0.0.1 can be reached."""
    reachable = ", EXCLUDE 127.0.0.1" if local else ""
    arguments = [f"--host-resolver-rules=MAP * ~NOTFOUND{reachable}", "--font-render-hinting=none"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # it refuses to start for root with one
    with sync_playwright() as playwright:
        program = executable()
        try:
            browser = playwright.chromium.launch(executable_path=program, args=arguments, timeout=START_LIMIT_MS)
        except Error as error:
            told = [line.strip() for line in error.message.splitlines() if "[err]" in line] or [error.message.splitlines()[0]]
            sys.exit("\n".join([f"{program} does not start as a headless browser:", *told]))
        try:
            yield browser
        finally:
            browser.close()


def executable():
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        sys.exit(f"{named or 'chromium'}: no such program. The pages are tested in a real browser: apt-get install chromium, or name one: CHROMIUM=/path/to/it")
    return found


# The page learns of its new window some frames later.
IS_RESIZED = """async ({ width, height }) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let tries = 0; tries < 100 && (innerWidth !== width || innerHeight !== height); tries += 1) await frame();
  await frame();
  await frame();
}"""


def resize(page, size):
    page.set_viewport_size(size)
    page.evaluate(IS_RESIZED, size)


@contextlib.contextmanager
def tab(browser, variant, has_scripts=True):
    context = browser.new_context(
        viewport={"width": variant.width, "height": variant.height},
        color_scheme=variant.scheme,
        has_touch=variant.width < 500,
        java_script_enabled=has_scripts,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(STEP_LIMIT_MS)
    try:
        page = context.new_page()
        page.emulate_media(media=variant.media)
        yield page
    finally:
        context.close()
