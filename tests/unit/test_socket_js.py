"""The browser's modules without a browser: their tests run under Node, each of them as one test here."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "js"


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name)
def test_the_browser_modules_pass_their_own_tests(file: Path) -> None:
    node = shutil.which("node")
    assert node, "Node 20 or newer is needed for the tests of the browser's modules"
    done = subprocess.run([node, "--test", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
