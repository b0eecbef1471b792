"""The simulated devices of these tests."""

import pytest
from support import fake_device


@pytest.fixture(params=["cuda", "manual"])
def device(request):
    """A simulated device whose events the core polls ("cuda"), or Python ("manual")."""
    attached = fake_device.attach(request.param)
    yield attached
    attached.cuda.calm()


@pytest.fixture
def cuda():
    """A simulated device whose events the core polls."""
    attached = fake_device.attach()
    yield attached
    attached.cuda.calm()
