"""A fake of the AWS provider: a real plugin for the real `terraform`, in front of moto's server.

Instances, their power state, volumes and buckets are carried through to the endpoint in `AWS_ENDPOINT_URL`;
every other resource is only remembered, with made-up values for what AWS would have chosen. It runs in
an environment of its own (`requirements.txt`) and imports nothing of the project.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import tf.provider
import tf.runner
from servicer import Servicer

NAME = "registry.terraform.io/hashicorp/aws"


class FakeAws:
    """What the plugin library asks of a provider: its name."""

    def full_name(self) -> str:
        return NAME


if __name__ == "__main__":
    if not os.environ.get("AWS_ENDPOINT_URL"):
        sys.exit("the fake AWS provider talks to moto alone: set AWS_ENDPOINT_URL")
    # The library serves its own typed resources; only its transport and handshake are wanted here.
    tf.provider.ProviderServicer = Servicer
    tf.runner.run_provider(FakeAws(), sys.argv)
