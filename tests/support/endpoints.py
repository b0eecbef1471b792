"""HTTP requests to the endpoints of a TensorBoard, wherever it runs."""

import json
import urllib.parse


class Endpoints:
    """Asks; subclasses send."""

    def send(self, target, data=None, content_type=None):
        """(status, content type, body) of a GET, or of a POST of `data`."""
        raise NotImplementedError

    def answer(self, path, method="GET", **query):
        """(status, content type, body) of an endpoint below /data; JSON is parsed."""
        target = "/data/" + path
        if method == "POST":
            status, kind, body = self.send(target, json.dumps(query).encode(), "application/json")
        else:
            if query:
                target += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
            status, kind, body = self.send(target)
        kind = kind.partition(";")[0]
        return status, kind, json.loads(body) if kind == "application/json" else body

    def form(self, path, **fields):
        """The answer to a posted form."""
        form = urllib.parse.urlencode(fields).encode()
        status, _, body = self.send("/data/" + path, form, "application/x-www-form-urlencoded")
        assert status == 200, body
        return json.loads(body)

    def json(self, path, **query):
        status, _, body = self.answer(path, **query)
        assert status == 200, (path, query, body)
        return body
