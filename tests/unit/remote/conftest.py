"""The stores that the tests of remote runs ask for."""

from support.faulty_store import bucket  # noqa: F401  # a fixture
from support.stores import any_store, gcs, gcs_emulator, s3, s3_emulator, spool  # noqa: F401  # fixtures
