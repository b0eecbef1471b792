"""The stores that the tests of served URLs ask for."""

from support.stores import s3, s3_emulator  # noqa: F401  # fixtures
