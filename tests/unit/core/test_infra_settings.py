"""One file for Terraform and for wms; what is wrong in it is named with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from wms.core.errors import InputError
from wms.core.settings.infra import GithubIds, load_infra_settings

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "infrastructure/dev/terraform.tfvars").read_text()


def written(root: Path, text: str) -> Path:
    folder = root / "infrastructure/dev"
    folder.mkdir(parents=True)
    (folder / "terraform.tfvars").write_text(text)
    return root


def test_the_shipped_environment_is_read() -> None:
    settings = load_infra_settings(ROOT, "dev")
    assert (settings.name, settings.region) == ("wms-dev", "us-east-1")
    assert settings.instance_types == ("t3.large", "m7i-flex.large", "t3a.large", "m5.large")
    assert settings.price_usd_per_hour["t3.large"] == 0.0832
    assert set(settings.instance_types) <= set(settings.price_usd_per_hour)
    assert settings.existing_instance_profile is None
    assert settings.data_bucket("123456789012") == "wms-dev-data-123456789012"
    assert settings.artifacts_bucket("123456789012") == "wms-dev-artifacts-123456789012"
    assert settings.state_bucket("123456789012") == "wms-dev-state-123456789012"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param('region = "us-east-1"', "", "region: Field required", id="missing-key"),
        pytest.param('region = "', 'zone = "a"\nregion = "', "zone: Extra inputs", id="unknown-key"),
        pytest.param("= 50", '= "50"', "monthly_budget_usd: Input should be a valid number", id="type"),
        pytest.param("= true", '= "true"', "manage_iam: Input should be a valid boolean", id="boolean"),
        pytest.param("= 50", "= 0", "monthly_budget_usd: Input should be greater", id="range"),
        pytest.param("= 50", "= 5 * 10", "monthly_budget_usd: must be written out", id="computed"),
        pytest.param('"wms-dev"', "var.name", "name: must be written out", id="variable"),
        pytest.param('"m5.large"]', '"m5"]', "fallback_instance_types.2: String should match", id="item"),
        pytest.param(
            "address_hour       = 0.005", "", "price_usd_of_keeping.address_hour: Field required", id="price"
        ),
        pytest.param("= 0.096", '= "x"', "price_usd_per_hour.m5.large: Input should be", id="entry"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SHIPPED
    with pytest.raises(InputError) as caught:
        load_infra_settings(written(tmp_path, SHIPPED.replace(old, new)), "dev")
    assert f"terraform.tfvars: {told}" in str(caught.value)


def test_optional_keys_are_read_where_they_are_written(tmp_path: Path) -> None:
    settings = load_infra_settings(ROOT, "dev")
    assert (settings.github_ids, settings.create_oidc_provider, settings.ami_id) == (None, True, None)
    optional = """
github_ids           = { owner_id = 1, repository_id = 2 }
create_oidc_provider = false
availability_zone    = "us-east-1b"
ami_id               = "ami-0123456789abcdef0"
"""
    settings = load_infra_settings(written(tmp_path, SHIPPED + optional), "dev")
    assert settings.github_ids == GithubIds(owner_id=1, repository_id=2)
    assert (settings.create_oidc_provider, settings.availability_zone) == (False, "us-east-1b")


def test_text_that_is_no_hcl_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not HCL"):
        load_infra_settings(written(tmp_path, "name = \n"), "dev")


def test_an_environment_without_a_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the environment staging has no settings: .*staging"):
        load_infra_settings(tmp_path, "staging")


@pytest.mark.parametrize("name", ["../dev", "", "Dev", "a/b"])
def test_an_environment_is_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not the name of an environment"):
        load_infra_settings(tmp_path, name)
