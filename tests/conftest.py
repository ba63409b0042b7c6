"""What every test shares: hypothesis at two speeds, torch only where it is installed."""

import importlib.util
import os

import pytest
from hypothesis import HealthCheck, settings

# The same few examples each time at home; more of them in CI, still the same each time, so that
# a red run can be repeated anywhere with CI=true.
settings.register_profile("quick", max_examples=25, derandomize=True, deadline=None)
settings.register_profile(
    "ci",
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked torch where there is none; `make test` has an environment with it."""
    if importlib.util.find_spec("torch") is not None:
        return
    without = pytest.mark.skip(reason="torch is not installed here; make test-torch has it")
    for item in items:
        if item.get_closest_marker("torch") is not None:
            item.add_marker(without)
