"""Python imports this by itself when it starts: a connection to another machine is an error, not a wait."""

import ipaddress
import socket
import sys


def _only_this_machine(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # a path: a Unix socket
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise OSError(f"the integration tests have no network: connect({address!r})")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        if host not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", socket.gethostname()):
            raise OSError(f"the integration tests have no network: getaddrinfo({host!r})")


sys.addaudithook(_only_this_machine)
