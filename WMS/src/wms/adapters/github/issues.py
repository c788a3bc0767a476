"""Issues on GitHub (docs.github.com, "REST API endpoints for issues").

The list of issues has pull requests among them. A label that the repository lacks is made; the token needs
`issues: write`, and a repository without issues answers 410.
"""

from __future__ import annotations

from github.Repository import Repository as GitHubRepository

from wms.adapters.github.errors import speaking_to_github
from wms.adapters.github.releases import TITLE_MAX, cut
from wms.core.ports import Issues

BODY_MAX = 65_536
"""Characters of an issue, a comment or a pull request's text; GitHub's own limit."""


class GitHubIssues(Issues):
    """`Issues` of a repository on GitHub."""

    _name: str

    @property
    def _repository(self) -> GitHubRepository:
        raise NotImplementedError

    def raise_issue(self, *, label: str, title: str, body: str) -> int:
        title, body = cut(title, TITLE_MAX, "…"), cut(body, BODY_MAX)
        with speaking_to_github(f"telling by an issue: {title}", self._name):
            for known in self._repository.get_issues(state="open", labels=[label]):
                if known.pull_request is None:
                    known.edit(title=title, body=body)
                    return known.number
            return self._repository.create_issue(title, body, labels=[label]).number
