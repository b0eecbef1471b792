"""Which log directories are URLs, and their one spelling."""

import pathlib

import pytest
from tickertape.convert import urls


@pytest.mark.parametrize(
    "url",
    ["s3://bucket/runs", "gs://b/x", "AZ://c/x", "abfs://c@account/x", "hdfs://host:8020/x", "hdfs:///x",
     "memory://x", "simplecache::s3://bucket/x", b"s3://bucket/runs", pathlib.Path("s3://bucket/runs")],
)  # fmt: skip
def test_a_url_of_a_store_is_remote(url):
    assert urls.is_remote(url)


@pytest.mark.parametrize(
    "path",
    ["runs", "/runs", "file:///runs", "FILE:///runs", "local:///runs", "runs/s3://x", "C:/runs", "a:b", "", b"runs",
     pathlib.Path("/runs"), pathlib.Path("s3/x"), None, 3, object()],
)  # fmt: skip
def test_a_local_path_is_not(path):
    assert not urls.is_remote(path)


@pytest.mark.parametrize(
    ("url", "spelling"),
    [
        ("S3://bucket/runs/", "s3://bucket/runs"),
        ("s3://bucket//runs///a", "s3://bucket/runs/a"),
        ("hdfs:///runs/", "hdfs:///runs"),
        (b"gs://Bucket/\xc3\xa4 b", "gs://Bucket/ä b"),
        ("SimpleCache::S3://b", "simplecache::s3://b"),
    ],
)
def test_one_spelling(url, spelling):
    assert urls.normalised(url) == spelling
    assert urls.normalised(spelling) == spelling


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3:///", "s3://b/../c", "s3://b/./c", "s3://b/a\nb", "s3://b/\0", pathlib.Path("s3://b/x")],
)
def test_no_store_has_it(url):
    with pytest.raises(ValueError, match=r"^folder: expected "):
        urls.normalised(url, "folder")


def test_what_is_no_path_is_a_type_error():
    with pytest.raises(TypeError, match="log_dir: "):
        urls.normalised(3)


def test_a_name_below_a_url():
    assert urls.joined("s3://b/runs", "a/b") == "s3://b/runs/a/b"
    assert urls.joined("s3://b/runs", ".") == urls.joined("s3://b/runs", "") == "s3://b/runs"
