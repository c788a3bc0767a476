"""With AWS and nothing faked but the account, Terraform's provider for it, the SSM session and the forge.

MLflow is the node's: its shipped entrypoint, a real PostgreSQL, basic auth, artifacts in the bucket.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from clouds import cloud_on
from inputs.mlflow_server import shipped_server
from inputs.postgres import missing, postgres_serving
from rehearsal.cloud_stage import ACCOUNT, PASSWORD, open_cloud_stage
from rehearsal.engine.hooks import cancel_during
from rehearsal.engine.node import Node
from rehearsal.real_parts import PAIRS, tiny_project
from servers import free_port, model_files
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.synth.dataset import write_pairs


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.soak
def test_a_push_with_aws_and_the_nodes_own_mlflow(
    tmp_path: Path, node: Node, moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = cloud_on(moto, tmp_path, monkeypatch)
    far, near = free_port(), free_port()
    settings = {
        "ARTIFACTS_DESTINATION": f"s3://{cloud.name}-artifacts-{ACCOUNT}",
        "MLFLOW_S3_ENDPOINT_URL": moto,
        # In production both ends of the tunnel are port 5000.
        "ALLOWED_HOSTS": f"127.0.0.1:{far},127.0.0.1:{near}",
    }
    (tmp_path / "node").mkdir()
    with (
        open_cloud_stage(
            tmp_path, node, cloud, mlflow_port=far, near_port=near, programs=[], files=tiny_project()
        ) as there,
        postgres_serving(free_port()) as postgres,
        shipped_server(tmp_path / "node", postgres, port=far, password=PASSWORD, settings=settings) as server,
    ):
        stage = there.stage
        stage.write_pairs = write_pairs
        stage.push_pairs("first", seed=1, count=PAIRS)
        run, deploy = stage.play()
        run.expect("success", publish="success", report="success")
        deploy.expect("success")
        assert (stage.production, stage.samples) == (1, PAIRS)
        assert (there.instance, there.holders) == ("stopped", [])
        assert PASSWORD not in run.log
        with monkeypatch.context() as here:
            for name, value in server.environment.items():
                here.setenv(name, value)
            registry = MlflowRegistry(f"http://127.0.0.1:{far}", cloud.name, cloud.name, None)
            (version,) = registry.versions()
            files = model_files(f"http://127.0.0.1:{far}", version.run_id)
            assert {"model.onnx", "model.safetensors", "model.json"} <= set(files)
            assert registry.production() is None

            stage.retrain()
            stage.sim.watch(cancel_during("train", line="fetching the dataset"))
            stage.play()[0].expect("cancelled", train="cancelled")
            assert registry.production() == version.version
