from prometheus_client.parser import text_string_to_metric_families

from wms.core.records.measures import Measures
from wms.serving.metrics import Metrics

FOUND = Measures(
    brightness=110.0,
    sharpness=300.0,
    size_px=4000,
    coverage=0.02,
    confidence=0.93,
    window_angle_degrees=-12.0,
)


def values(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_each_measure_of_an_answered_image_is_counted_once() -> None:
    metrics = Metrics()
    metrics.observe(FOUND)
    found = values(metrics)
    for name in Measures.model_fields:
        assert found[f"wms_{name}_count", ()] == 1.0
    assert found["wms_confidence_sum", ()] == FOUND.confidence


def test_an_image_without_a_window_has_no_angle() -> None:
    metrics = Metrics()
    metrics.observe(FOUND.model_copy(update={"window_angle_degrees": None}))
    found = values(metrics)
    assert found["wms_window_angle_degrees_count", ()] == 0.0
    assert found["wms_coverage_count", ()] == 1.0


def test_only_the_loaded_model_is_shown() -> None:
    metrics = Metrics()
    metrics.show_model(version=3, digest="a" * 64)
    metrics.show_model(version=None, digest="b" * 64)
    shown = {labels: value for (name, labels), value in values(metrics).items() if name == "wms_model_info"}
    assert shown == {(("digest", "b" * 64), ("version", "none")): 1.0}


def test_two_services_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.requests.labels(route="/v1/predict", status="200").inc()
    assert ("wms_requests_total", (("route", "/v1/predict"), ("status", "200"))) in values(first)
    assert not any(name == "wms_requests_total" for name, _ in values(second))
