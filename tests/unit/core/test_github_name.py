"""The name of a repository on GitHub, from the address of a remote."""

import pytest

from wms.core.github_name import slug_of


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/owner/wms.meters.git",
        "https://github.com/owner/wms.meters",
        "https://github.com/owner/wms.meters/",
        "git@github.com:owner/wms.meters.git",
        "ssh://git@github.com/owner/wms.meters.git",
    ],
)
def test_every_spelling_gives_owner_and_name(url: str) -> None:
    assert slug_of(url) == "owner/wms.meters"


@pytest.mark.parametrize(
    "url", ["./.wms/remote.git", "https://example.org/owner/name.git", "https://github.com/a"]
)
def test_other_remotes_have_none(url: str) -> None:
    assert slug_of(url) is None
