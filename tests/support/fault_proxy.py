"""A proxy in front of an object store: it counts what passes, and fails requests as a test asks."""

import contextlib
import http.client
import http.server
import json
import random
import re
import socket
import struct
import sys
import threading
import urllib.parse
from dataclasses import dataclass, field

_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass(frozen=True)
class Request:
    """A request that has passed, or has been failed."""

    method: str
    target: str  # path and query, as sent
    bytes_up: int  # of the body
    bytes_down: int
    status: int  # 0: no answer
    kind: str  # what a bill calls it: "put", "get", "list", "head", "delete", "other"
    key: str  # the bucket and the object, decoded


@dataclass
class Fault:
    """What happens to requests that match; make one with FaultProxy.fail()."""

    action: str
    status: int
    code: str
    methods: tuple
    key: re.Pattern
    after: int
    times: float
    seen: int = 0
    hits: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)  # set by the first hit

    def takes(self, method, key):
        """Whether this request is failed; counts it."""
        if (self.methods and method not in self.methods) or not self.key.search(key):
            return False
        self.seen += 1
        if self.seen <= self.after or self.hits >= self.times:
            return False
        self.hits += 1
        self.arrived.set()
        return True


# What a store answers: HTTP status and code. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
INTERNAL_ERROR = (500, "InternalError")
SLOW_DOWN = (503, "SlowDown")
EXPIRED_TOKEN = (400, "ExpiredToken")
ACCESS_DENIED = (403, "AccessDenied")
CLOCK_SKEW = (403, "RequestTimeTooSkewed")
NO_SUCH_BUCKET = (404, "NoSuchBucket")


def unused_port():
    """A port of 127.0.0.1 that stays free while its server is away: the system gives none of these to connections."""
    while True:
        port = random.randrange(20_000, 32_000)  # Linux gives 32768 and above
        with contextlib.suppress(OSError), socket.socket() as unused:
            unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            unused.bind(("127.0.0.1", port))
            return port


class FaultProxy:
    """Listens on a free port of 127.0.0.1 and passes requests on to another port there."""

    def __init__(self, backend_port):
        self.backend_port = backend_port
        self.requests = []
        self.faults = []
        self.lock = threading.Lock()
        self.released = threading.Event()  # requests without an answer end
        self._server = None
        self.port = unused_port()
        self.accept()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def accept(self):
        """Listens (again)."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self.port), _Handler)
            self._server.proxy = self
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def refuse(self):
        """Connections are refused until accept()."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.drop_connections()
            self._server = None

    def close(self):
        self.released.set()
        self.refuse()

    # --- faults ---

    def fail(self, action, *, methods=(), key="", after=0, times=float("inf")):
        """Fails the requests that match, and returns the Fault, whose `hits` count them.

        Args:
            action: (HTTP status, code) to be answered; or "hang": no answer until clear(); "cut": the connection
                ends when half of the body has been read; "lose": the store gets the request and its answer is lost.
            methods: HTTP methods; empty: all.
            key: A regular expression that is searched in "bucket/object".
            after: So many of these requests pass first.
            times: So many are failed; without, all that follow.
        """
        status, code = (0, "") if isinstance(action, str) else action
        name = action if isinstance(action, str) else "answer"
        fault = Fault(name, status, code, tuple(methods), re.compile(key), after, times)
        with self.lock:
            self.faults.append(fault)
        return fault

    def clear(self):
        """No faults any more."""
        with self.lock:
            self.faults = []
            self.released.set()
            self.released = threading.Event()

    def forget(self):
        """Counts from nothing."""
        with self.lock:
            self.requests = []

    # --- counts ---

    def count(self, kind=None, key=""):
        """How many requests: all, or of a kind as in Request.kind, on keys that `key` is found in."""
        with self.lock:
            return sum(kind in (None, request.kind) and key in request.key for request in self.requests)

    def table(self):
        """{kind: (requests, bytes of bodies up, bytes down)}."""
        with self.lock:
            kinds = {request.kind for request in self.requests}
            return {
                kind: (
                    sum(request.kind == kind for request in self.requests),
                    sum(request.bytes_up for request in self.requests if request.kind == kind),
                    sum(request.bytes_down for request in self.requests if request.kind == kind),
                )
                for kind in sorted(kinds)
            }


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *arguments):
        self._connections = set()
        super().__init__(*arguments)

    def process_request(self, request, client_address):
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self):
        """Ends kept connections, as a server does that dies."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        """A client that goes away is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def handle_one_request(self):
        # Every method is handled alike.
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self._serve(self.server.proxy)
        self.wfile.flush()

    def _serve(self, proxy):
        length = int(self.headers.get("Content-Length") or 0)
        head = self.rfile.read(min(length if "uploadType=multipart" in self.path else length // 2, 4096))
        kind, key = _describe(self.command, self.path, head)
        with proxy.lock:
            fault = next((one for one in proxy.faults if one.takes(self.command, key)), None)
            released = proxy.released
        if fault and fault.action == "cut":
            body = head + self.rfile.read(max(length // 2 - len(head), 0))
            answer = None
        else:
            body = (
                self._chunks()
                if self.headers.get("Transfer-Encoding")
                else head + self.rfile.read(length - len(head))
            )
            answer = self._answer(proxy, fault, body, released)
        status, down = (answer[0], len(answer[2])) if answer else (0, 0)
        if answer and self.command == "HEAD":
            down = 0
        request = Request(self.command, self.path, len(body), down, status, kind, key)
        with proxy.lock:
            proxy.requests.append(request)
        if answer is None:
            self._cut()
        else:
            self._send(*answer)

    def _answer(self, proxy, fault, body, released):
        """(status, headers, body), or None for none."""
        if fault is None:
            return self._pass_on(proxy, body)
        if fault.action == "lose":
            self._pass_on(proxy, body)
            return None
        if fault.action == "hang":
            released.wait()
            return None
        text = (
            json.dumps({"error": {"code": fault.status, "message": fault.code}})
            if _GCS.match(self.path)
            else f"<Error><Code>{fault.code}</Code><Message>as the test asks</Message></Error>"
        )
        kind = "application/json" if text.startswith("{") else "application/xml"
        return fault.status, [("Content-Type", kind)], text.encode()

    def _pass_on(self, proxy, body):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.backend_port, timeout=120)
        # The store names itself by this header in what it answers (a place to continue an upload).
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            connection.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):  # the store is dead
            return None
        finally:
            connection.close()
        return answer.status, answer.getheaders(), content

    def _chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return body

    def _send(self, status, headers, content):
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # a HEAD's is the object's
            if name.lower() not in _HOP_BY_HOP - {"date", "server"}:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _cut(self):
        """Ends the connection without an answer, and without reading what the other side still sends."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# The JSON API of Google's store: https://cloud.google.com/storage/docs/json_api/v1
_GCS = re.compile(
    r"(?:/upload|/download)?/storage/v1(?:/b(?:/(?P<bucket>[^/?]+)(?P<objects>/o(?:/(?P<key>[^?]*))?)?)?)?"
)


def _describe(method, target, head):
    """(kind, "bucket/object") of a request; `head` is the beginning of its body."""
    path, _, query = target.partition("?")
    names = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    gcs = _GCS.match(path)
    if gcs:
        name = names.get("name", "")
        if names.get("uploadType") == "multipart":  # metadata as JSON, then the content
            name = json.JSONDecoder().raw_decode(head.decode(errors="replace")[head.index(b"{") :])[0]["name"]
        key = "/".join(filter(None, (gcs["bucket"], gcs["key"] or name)))
    else:
        key = path.lstrip("/")
    key = urllib.parse.unquote(key)
    is_object = bool(gcs and gcs["key"]) or (not gcs and "/" in key.rstrip("/"))
    if method == "GET" and gcs:
        kind = (
            "list" if gcs["objects"] and not gcs["key"] else "get" if names.get("alt") == "media" else "head"
        )
        kind = "get" if path.startswith("/download") else kind
    elif method == "GET":
        kind = "get" if is_object else "list"
    elif method in {"PUT", "POST"}:
        kind = (
            "delete" if "delete" in names else "put" if is_object or path.startswith("/upload") else "other"
        )
    else:
        kind = {"HEAD": "head", "DELETE": "delete"}.get(method, "other")
    return kind, key
