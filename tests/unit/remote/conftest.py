"""The stores that the tests of remote runs ask for."""

from support.faulty_store import bucket, spool  # noqa: F401  # fixtures
from support.stores import any_store, gcs, gcs_emulator, s3, s3_emulator  # noqa: F401  # fixtures
