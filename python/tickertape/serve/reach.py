"""How a browser reaches a server of this machine: a browser that is here, or a tunnel if the user is elsewhere."""

from __future__ import annotations

import getpass
import os
import platform
import shlex
import sys
import threading
import webbrowser
from urllib.parse import urlsplit

_SSH_PORT = "22"
_ANY_HOST = ("", "0.0.0.0", "::")  # noqa: S104  # compared with, not bound


def is_remote() -> bool:
    """Whether the user works here by ssh."""
    return any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))


def tunnel(url: str) -> str:
    """The command that makes the port of a URL reachable from the user's machine; "" if this is the user's machine.

    The host is the address that the user's ssh has connected to. It is not known with SSH_TTY alone: then it is this
    machine's name.
    """
    if not is_remote():
        return ""
    connection = os.environ.get("SSH_CONNECTION", "").split()
    host, ssh_port = connection[2:4] if len(connection) == 4 else (platform.node(), _SSH_PORT)  # ssh(1)
    there = urlsplit(url)
    served = there.hostname or ""
    if served in _ANY_HOST or served == platform.node().lower():
        served = "localhost"
    served = f"[{served}]" if ":" in served else served
    words = ["ssh", "-N", "-L", f"{there.port}:{served}:{there.port}"]
    words += [] if ssh_port == _SSH_PORT else ["-p", ssh_port]
    return shlex.join([*words, f"{_user()}{host}"])


def _user() -> str:
    try:
        return getpass.getuser() + "@"
    except (KeyError, OSError):  # a container's user without a name
        return ""


def open_browser(url: str) -> None:
    """Opens the browser if the user can see one; not one for the terminal, which would take it over."""
    can_show = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if can_show and not is_remote():
        # On a thread: webbrowser waits for the end of a browser that BROWSER names.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
