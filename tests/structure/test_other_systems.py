"""Every module of the package can be imported on a system that has less than Linux."""

from __future__ import annotations

import subprocess
import sys

# Every module but the two programs is imported twice, so that only what our own modules look for is missing the second time. The native module
# and what others need stay.
PROGRAM = """
import importlib, os, pkgutil, select, signal, socket, sys, time
import tickertape
def modules():
    for found in pkgutil.walk_packages(tickertape.__path__, "tickertape."):
        if found.name not in ("tickertape._core", "tickertape.__main__", "tickertape.cli.rerun"):
            yield found.name
def import_all():
    failed = {}
    for name in modules():
        try:
            importlib.import_module(name)
        except Exception as error:  # some need a package that is missing, or is not imported
            failed[name] = error
    return failed
before = import_all()
for name in [name for name in sys.modules if name.startswith("tickertape.") and name != "tickertape._core"]:
    del sys.modules[name]
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "readline"):
    sys.modules[name] = None
for owner, names in {
    os: "fork forkpty register_at_fork getuid geteuid getgid getpgid setsid killpg sysconf sched_getaffinity "
        "sched_setaffinity pread pwrite posix_fallocate fchmod chown mkfifo statvfs uname getloadavg openpty wait3 wait4 "
        "WNOHANG O_CLOEXEC O_NOFOLLOW O_NONBLOCK O_DIRECTORY O_SYNC O_DSYNC O_ACCMODE set_blocking get_blocking sync "
        "fdatasync",
    signal: "SIGKILL SIGHUP SIGPIPE SIGALRM SIGUSR1 SIGUSR2 SIGCHLD SIGQUIT SIGSTOP SIGCONT alarm setitimer pause "
        "pthread_sigmask pthread_kill sigwait siginterrupt",
    select: "poll epoll",
    socket: "AF_UNIX",
    time: "tzset",
}.items():
    for name in names.split():
        if hasattr(owner, name):
            delattr(owner, name)
sys.platform = "win32"
after = import_all()
new = {name: repr(error) for name, error in after.items() if name not in before}
print(len(list(modules())), new)
sys.stdout.flush()
os._exit(bool(new))
"""


def test_every_module_without_what_only_posix_has() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 200
