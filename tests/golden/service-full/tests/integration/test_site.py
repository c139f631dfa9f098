import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    words = ["-q", "-W", "--keep-going", "-d", tmp_path / "doctrees", DOCS, tmp_path / "site"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "slugify" in (tmp_path / "site" / "reference.html").read_text(encoding="utf-8")
