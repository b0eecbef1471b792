"""moto's S3 server as a script: `s3_server.py PORT RECORDING`.

moto keeps objects in memory. Its recorder writes down each request, and the next server on the same RECORDING replays
them, so that buckets survive a kill. The recorder takes no lock and records reads, too; both are mended here.
"""

import os
import sys
import threading

os.environ |= {"MOTO_ENABLE_RECORDING": "1", "MOTO_RECORDER_FILEPATH": sys.argv[2]}

from moto.moto_api._internal.recorder.models import Recorder  # reads the environment
from moto.server import main

_record, _lock = Recorder._record_request, threading.Lock()


def _record_changes(self, request, body=None):
    if request.method not in {"GET", "HEAD"}:
        with _lock:
            _record(self, request, body)


Recorder._record_request = _record_changes
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
