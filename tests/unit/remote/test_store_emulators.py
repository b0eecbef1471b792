"""The emulators and the proxy before them: boto3, s3fs and gcsfs see the faults that a test asks for."""

import concurrent.futures
import errno

import boto3
import botocore.config
import botocore.exceptions
import fsspec
import pytest
from support import fault_proxy


def client(store, **config):
    """boto3's, without retries."""
    config = {"retries": {"total_max_attempts": 1}, "read_timeout": 60} | config
    return boto3.client("s3", config=botocore.config.Config(**config))


def put(store, key="a/b", body=b"12345678"):
    client(store).put_object(Bucket=store.bucket, Key=key, Body=body)


def test_a_url_is_all_that_a_process_needs(any_store, run_script):
    any_store.filesystem().pipe_file(f"{any_store.bucket}/a/b", b"content")
    seen = run_script(
        "import fsspec, sys\nwith fsspec.open(sys.argv[1], 'rb') as file: print(file.read())",
        any_store.url + "/a/b",
    )
    assert seen.strip() == "b'content'"
    with fsspec.open(any_store.url + "/a/b", "rb") as file:
        assert file.read() == b"content"
    assert any_store.objects() == {"a/b": b"content"}


def test_requests_and_bytes_are_counted(any_store):
    files = any_store.filesystem()
    files.pipe_file(f"{any_store.bucket}/a/odd name+é", b"x" * 1000)
    assert files.cat_file(f"{any_store.bucket}/a/odd name+é") == b"x" * 1000
    assert files.find(any_store.bucket) == [f"{any_store.bucket}/a/odd name+é"]
    files.rm_file(f"{any_store.bucket}/a/odd name+é")
    table = any_store.proxy.table()
    assert table["put"][0] == 1
    assert 1000 <= table["put"][1] < 2000  # GCS: beside the metadata
    assert table["get"][::2] == (1, 1000)
    assert table["list"][0] >= 1
    assert table["delete"][0] == 1
    assert any_store.proxy.count("put", key=f"{any_store.bucket}/a/odd name+é") == 1
    any_store.proxy.forget()
    assert any_store.proxy.table() == {}


@pytest.mark.parametrize(
    "answer",
    [
        *(fault_proxy.INTERNAL_ERROR, fault_proxy.SLOW_DOWN, fault_proxy.EXPIRED_TOKEN),
        *(fault_proxy.ACCESS_DENIED, fault_proxy.CLOCK_SKEW, fault_proxy.NO_SUCH_BUCKET),
    ],
)
def test_errors_reach_boto3(s3, answer):
    fault = s3.proxy.fail(answer, methods=("PUT",), key="/a/b$")
    put(s3, "a/other")
    with pytest.raises(botocore.exceptions.ClientError) as error:
        put(s3)
    assert error.value.response["Error"]["Code"] == answer[1]
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == answer[0]
    assert fault.hits == 1
    s3.proxy.clear()
    put(s3)
    assert list(s3.objects()) == ["a/b", "a/other"]


def test_the_nth_request_fails_once(s3):
    s3.proxy.fail(fault_proxy.INTERNAL_ERROR, methods=("PUT",), after=1, times=1)
    put(s3, "0")
    with pytest.raises(botocore.exceptions.ClientError):
        put(s3, "1")
    put(s3, "2")
    assert list(s3.objects()) == ["0", "2"]


def test_fsspec_sees_errors_as_its_own(any_store):
    files = any_store.filesystem()
    any_store.proxy.fail((404, "NoSuchBucket") if any_store.url.startswith("s3") else (404, "notFound"))
    with pytest.raises(FileNotFoundError):
        files.pipe_file(f"{any_store.bucket}/a", b"1")


def test_a_transient_error_is_tried_again_by_fsspec(any_store):
    fault = any_store.proxy.fail(fault_proxy.SLOW_DOWN, times=1)
    any_store.filesystem().pipe_file(f"{any_store.bucket}/a", b"1")
    assert fault.hits == 1
    assert any_store.objects() == {"a": b"1"}


def test_a_connection_is_cut_in_the_body(s3):
    s3.proxy.fail("cut", methods=("PUT",))
    with pytest.raises(botocore.exceptions.HTTPClientError):
        put(s3, body=b"x" * 1_000_000)
    assert s3.objects() == {}
    assert 0 < s3.proxy.requests[-1].bytes_up < 1_000_000


def test_an_answer_is_lost(s3):
    s3.proxy.fail("lose", methods=("PUT",))
    with pytest.raises(botocore.exceptions.HTTPClientError):
        put(s3)
    assert s3.objects() == {"a/b": b"12345678"}


def test_no_answer_within_the_time(s3):
    s3.proxy.fail("hang", methods=("PUT",))
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        client(s3, read_timeout=0.2).put_object(Bucket=s3.bucket, Key="a", Body=b"1")
    fault = s3.proxy.fail("hang", methods=("GET",))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client(s3).get_object, Bucket=s3.bucket, Key="a")
        assert fault.arrived.wait(60)
        assert not waiting.done()
        s3.proxy.clear()
        with pytest.raises(botocore.exceptions.HTTPClientError):
            waiting.result(60)


def test_refused_connections(s3):
    kept = client(s3)
    kept.list_objects_v2(Bucket=s3.bucket)
    s3.proxy.refuse()
    for one in (kept, client(s3)):
        with pytest.raises(botocore.exceptions.EndpointConnectionError) as error:
            one.list_objects_v2(Bucket=s3.bucket)
    assert f"Errno {errno.ECONNREFUSED}" in str(error.value.kwargs["error"])
    s3.proxy.accept()
    assert kept.list_objects_v2(Bucket=s3.bucket)["KeyCount"] == 0


def test_a_killed_store_comes_back_with_what_it_held(any_store):
    files = any_store.filesystem()
    files.pipe_file(f"{any_store.bucket}/kept", b"x" * 100_000)
    files.pipe_file(f"{any_store.bucket}/removed", b"1")
    files.rm_file(f"{any_store.bucket}/removed")
    any_store.kill()
    fault = [one.status for one in any_store.proxy.requests]
    assert all(fault)
    any_store.restart()
    assert any_store.objects() == {"kept": b"x" * 100_000}
    files.pipe_file(f"{any_store.bucket}/later", b"2")
    any_store.kill()
    any_store.restart()
    assert list(any_store.objects()) == ["kept", "later"]
