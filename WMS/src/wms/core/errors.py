"""Every way the program stops with an error: one table of codes, and classes by what a caller does about it.

Exit codes are stable: scripts and workflows may rely on them. 0 is success (a hold is a success), 1 is a
defect of the program, 2 is a wrong command line (click's own code), 130 is Ctrl-C. docs/cli.md lists them.

Each code also says whether repeating can help. That one rule decides what becomes of a published run: while
its error can heal, the run stays and is resumed; an error that cannot heal makes the run void.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

HEALS = True
"""Repeating the command can help: an outside system or this machine was in its way."""


class Code(Enum):
    """One cause each: exit code, meaning, remedy, and whether the same command may succeed later."""

    # fmt: off
    DEFECT = (1, "a defect of the program", "Run the command again with --verbose and report what it prints.")
    WORKSPACE = (3, "not inside a workspace, or it is not usable",
        "Run it inside a workspace, or make one with `wms init DIR`.", HEALS)
    CONFIG = (4, "a settings file or an environment variable does not parse or is out of range",
        "Correct the setting; the files in WMS/configs explain each one.", HEALS)
    RECORD = (5, "a record is missing, of another kind, or was edited",
        "Run the step that writes it again.")
    DIGEST_MISMATCH = (6, "bytes do not have the SHA-256 that a record states",
        "The file was changed or only half copied: fetch it again, or run its step again.")
    UNFINISHED_RUN = (7, "the command would replace a run that has not ended, or change its evidence",
        "Resume the run with `wms pipeline run`, or give it up with --abandon.")
    BAD_DATA = (10, "incoming pairs have findings that block",
        "Repair the files named above and push again, or go on without them by --quarantine.")
    MERGE_CONFLICT = (11, "incoming files have names of the dataset with other bytes",
        "Choose with --on-conflict replace (the new bytes win) or --on-conflict rename (keep both).")
    NOTHING_TO_DO = (12, "a push or a command brought nothing to work on",
        "Put pairs of the same name into incoming/images and incoming/masks.")
    TOO_FEW_SAMPLES = (13, "a split that is needed has no samples",
        "Add more pairs: training, validation and test each need at least one group of images.")
    IMAGE = (14, "an image or mask is unreadable, cut off, too large, or in a refused pixel format",
        "Save the image again as an 8-bit RGB JPEG or PNG (masks: 8-bit greyscale), or leave it out.")
    IMPORT = (15, "what should be imported has no known form, or leaves a choice to you",
        "See docs/usage.md for the forms that are read, and choose with --format or --label.")
    MISSING_PACKAGES = (16, "packages that only some commands need are not installed",
        "Run `make setup`, or install the extra that the message names.", HEALS)
    TRAINING = (20, "training cannot continue, for example because the loss is not finite",
        "Lower the learning rate or start again without --resume.")
    MODEL = (21, "a model bundle is incomplete, of another architecture, or cannot be loaded",
        "Fetch the model again with `wms model pull`.")
    NO_PRODUCTION_MODEL = (22, "the command needs a model in production and there is none",
        "Promote a first model with `wms pipeline run`, or name a model with --model.")
    CHECKPOINT = (23, "a checkpoint is unreadable, or of a training with other data, settings or code",
        "Start again with `wms train`; it removes the old checkpoint.")
    UNREGISTERED = (
        24, "a training has ended and the registry did not take its model, which is safe in run/model",
        "Run the same command again when the tracking server is up: nothing is trained again.", HEALS,
    )
    REGISTRY = (30, "the model registry or tracking server did not answer, or answered with an error",
        "Check that the tracking server is up (`wms infra status`) and run the command again.", HEALS)
    DATA_STORE = (31, "the data store (DVC remote) could not be read or written",
        "Check that the DVC remote is reachable (`dvc remote list`) and run the command again.", HEALS)
    REPOSITORY = (32, "Git refused, or a branch or file does not exist",
        "See what Git says above; nothing was changed on the remote.", HEALS)
    REMOTE_MOVED = (33, "a remote branch moved since the run looked; nothing was pushed",
        "Run the command again: it starts from the branch as it is now.", HEALS)
    STALE_BASE = (34, "the dataset or the model on main changed since the run started: its evidence is void",
        "Start a new run (`wms pipeline run`): it trains and decides on main as it is now.")
    FORGE = (35, "the forge (pull requests, statuses) refused or did not answer",
        "See what the forge says above and run the command again.", HEALS)
    REPLAY = (36, "a recorded decision does not follow from its records",
        "Do not merge it; start a new run (`wms pipeline run`).")
    UNMERGEABLE = (37, "a pull request can never be merged: closed, in conflict, or not the published commit",
        "Start a new run (`wms pipeline run`): it publishes on main as it is now.")
    NOT_STORED = (38, "the data store answers and does not have what a record names",
        "Start a new run (`wms pipeline run`): it stores its model again.")
    FOREIGN_ALIAS = (39, "somebody else set the registry's `production` alias; it was left as it is",
        ("Give this repository's models a name of their own (WMS_MODEL_NAME), or take the alias over with "
        "`wms model reconcile --adopt`."), HEALS)
    COMPUTE = (40, "the instance could not be started, stopped or queried",
        "See `wms infra status`, then run the command again.", HEALS)
    LEASE = (41, "a lease could not be taken, renewed or released",
        "See who holds what with `wms infra status`.", HEALS)
    LEASE_CONFLICT = (42, "the lease book changed between reading and writing it",
        "Run the command again.", HEALS)
    PREFLIGHT = (43, "something that a run needs is missing; nothing was started",
        "Correct what the list above marks as failed.", HEALS)
    BUSY = (44, "another command works in this workspace",
        "Wait for it to end, or run with --wait SECONDS.", HEALS)
    STORAGE = (45, "the disk is full or a file cannot be written; the old file is whole",
        "Free some space or correct the permissions, then run the command again.", HEALS)
    OCCUPIED_FOLDER = (46, "the output would overwrite other files; none was touched",
        "Name another folder, or empty this one first.")
    REGISTRY_AWAY = (48, "the registry is on the instance, and there is no tunnel to it",
        "Start the instance with `wms infra up`, then open the tunnel with `wms infra tunnel`.", HEALS)
    UNTESTED_COMMIT = (50, "CI passed on another commit than the one to merge",
        "Let CI run on the commit that is to be merged, and pass that commit's SHA.", HEALS)
    PROTECTED_BRANCH = (51, "the rules of the base branch require something that the pull request lacks",
        "Give the pull request what the rules require (see its page), then run the command again.", HEALS)
    PERMISSION = (52, "the forge refuses the token, or the token lacks a permission",
        "Give the token what it lacks, then run the command again.", HEALS)
    INSTANCE_STOPPING = (53, "somebody is stopping the instance; a lease can be taken after that",
        "Run the command again in some minutes; `wms infra status` shows who stops it, until when.", HEALS)
    LEASE_LOST = (54, "a lease is not held any more: it expired, or the instance was stopped",
        "Take a new one with `wms infra up`, then run the command again.", HEALS)
    CLOUD = (55, "the cloud account could not be queried, or refused the query itself",
        "Check that the AWS credentials are set and still valid, and that AWS can be reached.", HEALS)
    BUDGET = (56, "starting the instance would exceed the month's budget",
        "Give the reason with --over-budget REASON, or raise monthly_budget_usd in terraform.tfvars.", HEALS)
    NODE = (57, "the instance runs, and the software on it does not work",
        ("See the node's own log: `aws ssm start-session --target INSTANCE`, then `sudo journalctl --unit "
        "cloud-final`."), HEALS)
    TERRAFORM = (59, "Terraform is missing, refused, or failed",
        "See what Terraform says above and run the command again: it continues from its state.", HEALS)
    STATE_LOCKED = (60, "another run holds Terraform's state, or was killed while it held it",
        "Wait for the run that holds it, or unlock the state if that run is dead.", HEALS)
    KEPT_RESOURCE = (61, "the host, the database or a bucket would be destroyed; nothing was changed",
        "Undo the change of settings that causes it; to take everything down, `wms infra destroy`.")
    WRONG_INSTANCE = (62, "there is no instance, or not exactly one, or it belongs to somebody else",
        "Make the instance with `wms infra apply`.", HEALS)
    TUNNEL = (63, "the tunnel to the tracking server on the instance could not be opened",
        "Check that the instance runs (`wms infra status`) and run the command again.", HEALS)
    NO_IMAGES = (64, "local commits have no images, so there is nothing to push as data",
        "No action needed: push the commits as they are.")
    MISPLACED_IMAGES = (
        65, "local commits have images that may be photographs or masks: their folder does not say",
        ("Move photographs to WMS/data/incoming/images and their masks to WMS/data/incoming/masks; images of "
        "the project itself belong in docs/."),
    )
    BRANCH_TAKEN = (66, "a data branch of that name holds other files; nothing was pushed",
        "Name another branch, or omit --branch: the name is then made from the content.")
    GITHUB = (67, "GitHub's command line `gh` is missing, not signed in, or was refused",
        "See what gh says above; `gh auth status` shows who is signed in.", HEALS)
    OCCUPIED_REPOSITORY = (68, "the repository has data or a model of its own, which the command would lose",
        "No action needed: what main names belongs to this repository.")
    SELF_TEST = (69, "the self-test on GitHub failed, or cannot clean up after itself",
        "See the run that is named; `wms github selftest --clean-up` restores the repository.", HEALS)
    STATE_TOO_LARGE = (70, "the state has outgrown what a Git remote takes; nothing was changed there",
        ("Keep data and models in a bucket of an environment instead (docs/operations.md, `When the state "
        "outgrows Git`); what was saved before is as it was."), HEALS)
    NOT_RELEASED = (71, "there is no such release, or the release has no such file",
        "See the releases on the repository's page, or let `wms model release` publish it.")
    TAG_TAKEN = (72, "the tag of a release exists already, on another commit",
        "See who set the tag. Delete it (`git push origin --delete TAG`) and run the command again.")
    NOT_VISIBLE = (
        73, "403 or 404 of GitHub: the token may not see it, or it does not exist; GitHub does not say which",
        "Sign in as the repository's owner: `gh auth login`.", HEALS,
    )
    DEPLOYMENT = (76, "a new version failed its test where it is used; the one before stays or is back",
        "See what it answered above. Main still names that model: go back with `wms model rollback`.")
    DRIFT = (78, "the service's photographs or masks have moved away from those that its model was judged on",
        "Look at the report; label some of the new photographs, push them and retrain (docs/watching.md).")
    SERVICE = (79, "a service of masks did not answer, or is none",
        "Check its address, its API key (WMS_SERVICE_KEY), and whether it runs (`/ready`).", HEALS)
    INTERRUPTED = (130, "training was stopped by the user; its last checkpoint is whole",
        "Resume with `wms train --resume`.", HEALS)
    # fmt: on
    def __init__(self, exit_code: int, meaning: str, remedy: str, can_heal: bool = False) -> None:
        self.exit_code = exit_code
        self.meaning = meaning
        self.remedy = remedy
        self.can_heal = can_heal


class WmsError(Exception):
    """Base of all errors that a user can do something about.

    Args:
        message: what was wrong, and where.
        code: the cause; the class's own where none is given.
        remedy: what to do next; the code's where none is given.
    """

    default: ClassVar[Code] = Code.DEFECT

    def __init_subclass__(cls, code: Code | None = None) -> None:
        super().__init_subclass__()
        cls.default = code or cls.default

    def __init__(self, message: str, code: Code | None = None, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default
        self.remedy = remedy or self.code.remedy

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with it."""
        return self.code.exit_code

    @property
    def can_heal(self) -> bool:
        """Whether the same command may succeed later although the run's records and commits stay as they are.

        An outside system or this machine was in its way.
        """
        return self.code.can_heal


class InputError(WmsError):
    """The command, its data, its settings or its workspace are not as they must be; the code says what."""


class BadDataError(InputError, code=Code.BAD_DATA):
    """Incoming pairs have findings that block."""


class NothingToDoError(InputError, code=Code.NOTHING_TO_DO):
    """Nothing to work on; a workflow ends well with it."""


class RecordError(WmsError, code=Code.RECORD):
    """A record, or the bytes it names, are not what they must be."""


class StaleBaseError(WmsError, code=Code.STALE_BASE):
    """Main changed under a run."""


class ImageError(WmsError, code=Code.IMAGE):
    """An image or mask cannot be used.

    Args:
        message: which file, and what is wrong with it.
        rule: the rule of data validation that says the same.
        remedy: what to do next; the code's where none is given.
    """

    def __init__(self, message: str, *, rule: str = "unreadable", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.rule = rule


class TrainingError(WmsError, code=Code.TRAINING):
    """Training cannot continue."""


class CheckpointError(TrainingError, code=Code.CHECKPOINT):
    """A checkpoint cannot be used; training may start again without it."""


class ModelError(WmsError, code=Code.MODEL):
    """A model cannot be used."""


class NoProductionModelError(ModelError, code=Code.NO_PRODUCTION_MODEL):
    """There is no such model in production."""


class RegistryError(WmsError, code=Code.REGISTRY):
    """Tracking server or model registry."""


class RegistryAwayError(RegistryError, code=Code.REGISTRY_AWAY):
    """The registry is on an instance that is not reached from here; it is updated later."""


class DataStoreError(WmsError, code=Code.DATA_STORE):
    """Data store."""


class RepositoryError(WmsError, code=Code.REPOSITORY):
    """Git."""


class RemoteMovedError(RepositoryError, code=Code.REMOTE_MOVED):
    """A branch moved; the caller looks again."""


class ForgeError(WmsError, code=Code.FORGE):
    """Pull requests, statuses, releases."""


class UnmergeableError(ForgeError, code=Code.UNMERGEABLE):
    """A pull request can never be merged as it is."""


class DeploymentError(WmsError, code=Code.DEPLOYMENT):
    """A model does not work where it is to be used."""


class GitHubError(WmsError, code=Code.GITHUB):
    """GitHub's command line, as a person uses it."""


class NotVisibleError(GitHubError, code=Code.NOT_VISIBLE):
    """A setting that the signed-in person cannot see."""


class ComputeError(WmsError, code=Code.COMPUTE):
    """The instance and what runs on it."""


class TerraformError(ComputeError, code=Code.TERRAFORM):
    """Terraform; EC2 can be used in its place."""


class CloudError(WmsError, code=Code.CLOUD):
    """The cloud account."""


class LeaseError(WmsError, code=Code.LEASE):
    """The lease book."""


class LeaseConflictError(LeaseError, code=Code.LEASE_CONFLICT):
    """Somebody else wrote the book meanwhile; the caller reads it again."""


class InstanceStoppingError(LeaseError, code=Code.INSTANCE_STOPPING):
    """The instance is being stopped; the caller waits."""


class LeaseLostError(LeaseError, code=Code.LEASE_LOST):
    """The lease is over; what runs under it continues without it."""


class ServiceError(WmsError, code=Code.SERVICE):
    """A service of masks, as it is asked over HTTP."""


class StorageError(WmsError, code=Code.STORAGE):
    """A file on this machine."""
