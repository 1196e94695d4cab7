"""Pictures of the console: `manage.py screenshots` takes them from a running Nova."""

import struct
from pathlib import Path

import pytest

from nova.local.browser import HEIGHT, WIDTH, chromium
from tests.support.platform import manage, running

pytestmark = pytest.mark.slow


@pytest.mark.skipif(chromium() is None, reason="pictures were not tested: there is no Chromium")
def test_the_picture_of_the_readme_is_taken(tmp_path: Path) -> None:
    data, pictures = tmp_path / "data", tmp_path / "pictures"

    with running(data):
        taken = manage("screenshots", f"--out={pictures}", NOVA_DATA_DIR=str(data))

    assert taken.returncode == 0, taken.stderr
    assert [path.name for path in pictures.iterdir()] == ["console.png"]
    picture = (pictures / "console.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (WIDTH, HEIGHT)
    # A blank or an error page packs to a few kilobytes.
    assert len(picture) > 40_000


def test_without_a_running_nova_it_says_so(tmp_path: Path) -> None:
    taken = manage("screenshots", f"--out={tmp_path}", NOVA_DATA_DIR=str(tmp_path / "none"))

    assert taken.returncode == 1
    assert "manage.py up" in taken.stderr
