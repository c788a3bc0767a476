"""A stand-in for GitHub: its REST API over HTTP on this machine, on top of a real bare Git repository.

It keeps branches, commits and merges in Git and everything else in memory, and behaves like GitHub
where that hurts a program: mergeability that is computed late, protected branches, an Actions token
with few permissions, rate limits, pages. What it does not know it answers with 501, never with a guess.

In a test::

    with FakeGitHub(git=remote, repository="owner/meters") as github:
        forge = GitHubForge(api_url=github.api_url, repository="owner/meters", token=github.actions_token)
        github.fail_next(2, status=403, headers={"Retry-After": "1"})
        ...
        assert github.pulls[1].state == "merged"
"""

from fakes.github.server import FakeGitHub

__all__ = ["FakeGitHub"]
