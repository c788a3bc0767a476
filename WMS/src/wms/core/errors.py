"""Every way the program refuses to go on, each with an exit code and a remedy.

Exit codes are stable: scripts and workflows may rely on them. 0 is success (a hold is a success),
1 is a defect of ours, 2 is a wrong command line (click's own code), 130 is Ctrl-C.

Each class also says whether trying again can help. That one rule decides what becomes of a published
run: while it can heal, the run stays and is taken up again; what cannot heal makes it void.
"""

from __future__ import annotations

from typing import ClassVar


class WmsError(Exception):
    """Base of all errors that a user can do something about.

    Args:
        message: what was wrong, and where.
        remedy: what to do next; the class's own remedy where none is given.
    """

    exit_code: ClassVar[int] = 1
    can_heal: ClassVar[bool] = False
    """Whether the same command may go through later although the run's records and commits stay as
    they are: an outside system or this machine was in its way."""

    remedy: str = "Run the command again with --verbose and report what it prints."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


class WorkspaceError(WmsError):
    """The command was not run inside a workspace, or the workspace is not usable."""

    exit_code = 3
    can_heal = True
    remedy = "Run it inside a workspace, or make one with `wms init DIR`."


class ConfigError(WmsError):
    """A settings file or an environment variable does not parse or is out of range."""

    exit_code = 4
    can_heal = True
    remedy = "Correct the setting; the files in WMS/configs say what each one means."


class RecordError(WmsError):
    """A record in run/ or on a branch is missing, of another kind, or was changed by hand."""

    exit_code = 5
    remedy = "Run the step that writes it again."


class DigestMismatchError(WmsError):
    """Bytes are not those that a record names by their SHA-256."""

    exit_code = 6
    remedy = "The file was changed or only half copied: fetch it again, or run its step again."


class UnfinishedRunError(WmsError):
    """A command would take a run's place, or change its evidence, before that run has ended."""

    exit_code = 7
    remedy = "Take the run up with `wms pipeline run`, or give it up with --abandon."


class BadDataError(WmsError):
    """Incoming pairs have findings that block."""

    exit_code = 10
    remedy = "Repair the files named above and push again, or go on without them by --quarantine."


class MergeConflictError(WmsError):
    """Incoming files carry names of the dataset with other bytes."""

    exit_code = 11
    remedy = "Choose with --on-conflict replace (the new bytes win) or --on-conflict rename (keep both)."


class NothingToDoError(WmsError):
    """A push or a command brought nothing to work on."""

    exit_code = 12
    remedy = "Put pairs of the same name into incoming/images and incoming/masks."


class TooFewSamplesError(WmsError):
    """A split that is needed has no samples."""

    exit_code = 13
    remedy = "Add more pairs: training, validation and test each need at least one group of pictures."


class ImageError(WmsError):
    """A picture or mask is unreadable, cut off, too large, or in a pixel format that is refused.

    Args:
        message: which file, and what is wrong with it.
        rule: the rule of data validation that says the same.
        remedy: what to do next; the class's own remedy where none is given.
    """

    exit_code = 14
    remedy = "Save the picture again as an 8-bit RGB JPEG or PNG (masks: 8-bit greyscale), or leave it out."

    def __init__(self, message: str, *, rule: str = "unreadable", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.rule = rule


class TrainingError(WmsError):
    """Training could not go on, such as from a loss that is not finite."""

    exit_code = 20
    remedy = "Lower the learning rate or start anew without --resume."


class CheckpointError(TrainingError):
    """A checkpoint is not readable, or of a training with other data, settings or code."""

    exit_code = 23
    remedy = "Start anew with `wms train`; it removes the old checkpoint."


class InterruptedTrainingError(WmsError):
    """Training was stopped by the user; its last checkpoint is whole."""

    exit_code = 130
    can_heal = True
    remedy = "Go on with `wms train --resume`."


class ModelError(WmsError):
    """A model bundle is incomplete, of another architecture, or not loadable."""

    exit_code = 21
    remedy = "Fetch the model again with `wms model pull`."


class NoProductionModelError(WmsError):
    """A command needs the model in production and there is none yet."""

    exit_code = 22
    remedy = "Promote a first model with `wms pipeline run`, or name a model with --model."


class RegistryError(WmsError):
    """The model registry or tracking server did not answer, or answered with an error."""

    exit_code = 30
    can_heal = True
    remedy = "See that the tracking server is up (`wms infra status`) and run the command again."


class UnregisteredModelError(RegistryError):
    """A training has ended and the registry did not take its model, which is safe in run/model."""

    exit_code = 24
    remedy = "Run the same command again when the tracking server is up: nothing is trained again."


class RegistryAwayError(RegistryError):
    """The registry lies on the instance, and nothing here leads to it."""

    exit_code = 48
    remedy = "Start the instance with `wms infra up`, then open the way with `wms infra tunnel`."


class ForeignAliasError(RegistryError):
    """The registry's `production` alias was set by somebody else; it was left as it is."""

    exit_code = 39
    remedy = (
        "Give this repository's models a name of their own (WMS_MODEL_NAME), or take the alias over with "
        "`wms model reconcile --adopt`."
    )


class DataStoreError(WmsError):
    """The data store (DVC remote) could not be read or written, or lacks an object."""

    exit_code = 31
    can_heal = True
    remedy = "See that the DVC remote is reachable (`dvc remote list`) and run the command again."


class NotStoredError(DataStoreError):
    """The data store answers, and does not have what a record names."""

    exit_code = 38
    can_heal = False
    remedy = "Start a new run (`wms pipeline run`): it stores its model again."


class RepositoryError(WmsError):
    """Git refused, or a branch or file is not there."""

    exit_code = 32
    can_heal = True
    remedy = "See what Git says above; nothing was changed on the remote."


class RemoteMovedError(RepositoryError):
    """A branch on the remote is not where it was when the run looked; nothing was pushed."""

    exit_code = 33
    remedy = "Run the command again: it starts from the branch as it is now."


class StateTooLargeError(RepositoryError):
    """The embedded default's state has outgrown what a Git remote takes; nothing was changed there."""

    exit_code = 70
    remedy = (
        "Keep data and models in a bucket of an environment instead (docs/usage.md, `When the state outgrows "
        "Git`); what was saved before is as it was."
    )


class StaleBaseError(WmsError):
    """The dataset or the model on main changed since the run started: its evidence is void."""

    exit_code = 34
    remedy = "Start a new run (`wms pipeline run`): it trains and decides on main as it is now."


class ForgeError(WmsError):
    """The forge (pull requests, statuses) refused or did not answer."""

    exit_code = 35
    can_heal = True
    remedy = "See what the forge says above and run the command again."


class NotReleasedError(ForgeError):
    """The forge answers, and has no such release, or the release no such file."""

    exit_code = 71
    can_heal = False
    remedy = "See what is released on the repository's page, or let `wms model release` publish it."


class TagTakenError(ForgeError):
    """The tag of a release is there already, on another commit."""

    exit_code = 72
    can_heal = False
    remedy = "See who set the tag. Delete it (`git push origin --delete TAG`) and run the command again."


class UnmergeableError(ForgeError):
    """A pull request can never be merged as it is: closed, in conflict, or no longer the published commit."""

    exit_code = 37
    can_heal = False
    remedy = "Start a new run (`wms pipeline run`): it publishes on main as it is now."


class UntestedCommitError(WmsError):
    """The CI that is said to have passed ran on another commit than the one to be merged."""

    exit_code = 50
    can_heal = True
    remedy = "Let the CI run on the commit that is to be merged, and pass that commit's SHA."


class ProtectedBranchError(ForgeError):
    """The rules of the base branch ask for something that the pull request does not have yet."""

    exit_code = 51
    remedy = "Give the pull request what the rules ask for (see its page), then run the command again."


class ForgePermissionError(ForgeError):
    """The forge does not take the token, or the token may not do what was asked."""

    exit_code = 52
    remedy = "Give the token what it lacks, then run the command again."


class ReplayError(WmsError):
    """A recorded decision does not follow from its records."""

    exit_code = 36
    remedy = "Do not merge it; start a new run (`wms pipeline run`)."


class ComputeError(WmsError):
    """The instance could not be started, stopped or asked."""

    exit_code = 40
    can_heal = True
    remedy = "See `wms infra status`, then run the command again."


class LeaseError(WmsError):
    """A lease could not be taken, renewed or released."""

    exit_code = 41
    can_heal = True
    remedy = "See who holds what with `wms infra status`."


class LeaseConflictError(LeaseError):
    """The lease book changed between reading and writing it (compare-and-swap lost)."""

    exit_code = 42
    remedy = "Run the command again."


class PreflightError(WmsError):
    """Something that a run needs is not there; nothing was started."""

    exit_code = 43
    can_heal = True
    remedy = "Mend what the list above marks as failed."


class BusyError(WmsError):
    """Another pipeline run works in this workspace."""

    exit_code = 44
    can_heal = True
    remedy = "Wait for it to end, or run with --wait SECONDS."


class StorageError(WmsError):
    """The disk is full or a file cannot be written; the old file is whole."""

    exit_code = 45
    can_heal = True
    remedy = "Make room or mend the permissions, then run the command again."


class OccupiedFolderError(WmsError):
    """What a command would write would take the place of other files; none of them was touched."""

    exit_code = 46
    remedy = "Name another folder, or empty this one first."


class NoPicturesError(WmsError):
    """Local commits carry no pictures, so there is nothing to push as data."""

    exit_code = 64
    remedy = "Nothing need be done: push the commits as they are."


class MisplacedPicturesError(WmsError):
    """Local commits carry pictures of which nobody can tell whether they are photographs or masks."""

    exit_code = 65
    remedy = (
        "Move photographs to WMS/data/incoming/images and masks of the same name to WMS/data/incoming/masks; "
        "pictures of the project itself belong into docs/."
    )


class BranchTakenError(WmsError):
    """A data branch of the name that was asked for holds other files; nothing was pushed."""

    exit_code = 66
    remedy = "Name another branch, or leave --branch out: the name is made from the content then."


class GitHubError(WmsError):
    """GitHub's own command line, `gh`, is missing, not signed in, or was refused by GitHub."""

    exit_code = 67
    can_heal = True
    remedy = "See what gh says above; `gh auth status` tells who you are to GitHub."


class NotVisibleError(GitHubError):
    """403 or 404 of GitHub: the token may not see it, or it is not there; GitHub does not tell which."""

    exit_code = 73
    remedy = "Sign in as the repository's owner: `gh auth login`."


class OccupiedRepositoryError(WmsError):
    """A repository has data or a model of its own, which a command for a new one would lose."""

    exit_code = 68
    remedy = "Nothing need be done: what main names is this repository's own."


class SelfTestError(WmsError):
    """The self-test on GitHub did not go as it must, or cannot clean up after itself."""

    exit_code = 69
    can_heal = True
    remedy = "See the run that is named; `wms github selftest --clean-up` puts the repository back."


class InstanceStoppingError(LeaseError):
    """Somebody is stopping the instance; a lease can be taken once that has ended."""

    exit_code = 53
    remedy = "Run the command again in some minutes; `wms infra status` shows who stops it, until when."


class LeaseLostError(LeaseError):
    """A lease is not held any more: it expired, or the instance was stopped under it."""

    exit_code = 54
    remedy = "Take a new one with `wms infra up`, then run the command again."


class CloudError(WmsError):
    """The cloud account could not be asked, or refused the question itself."""

    exit_code = 55
    can_heal = True
    remedy = "See that the AWS credentials are set and still valid, and that AWS can be reached."


class BudgetError(WmsError):
    """Starting the instance would go above the month's budget."""

    exit_code = 56
    can_heal = True
    remedy = "Give the reason with --over-budget REASON, or raise monthly_budget_usd in terraform.tfvars."


class TerraformError(ComputeError):
    """Terraform is not there, refused, or failed on the way."""

    exit_code = 59
    remedy = "See what Terraform says above and run the command again: it goes on from its state."


class StateLockedError(TerraformError):
    """Another run holds Terraform's state, or was killed while it held it."""

    exit_code = 60
    remedy = "Wait for the run that holds it, or unlock the state if that run is dead."


class KeptResourceError(TerraformError):
    """A plan would destroy the host, its data volume or a bucket; nothing was changed."""

    exit_code = 61
    can_heal = False
    remedy = "Undo the change of the settings that asks for it; to take everything down, `wms infra destroy`."


class WrongInstanceError(ComputeError):
    """There is no instance, or more than one, where exactly one is meant."""

    exit_code = 62
    remedy = "Make the instance with `wms infra apply`."


class NodeError(ComputeError):
    """The instance runs, and what is on it does not work."""

    exit_code = 57
    remedy = (
        "See the node's own log: `aws ssm start-session --target INSTANCE`, then `sudo journalctl --unit "
        "cloud-final`."
    )


class TunnelError(WmsError):
    """The way to the tracking server on the instance could not be opened."""

    exit_code = 63
    can_heal = True
    remedy = "See that the instance runs (`wms infra status`) and run the command again."
