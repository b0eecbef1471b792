"""A disk that stalls, delays and fails writes when told to: a FUSE file system in memory, in a process of its own.

    python fault_fs.py MOUNTPOINT CONTROL_SOCKET

It speaks the kernel's protocol itself (linux/fuse.h; all it needs is /dev/fuse and fusermount3), and prints "ready"
once it is mounted. It ends, and takes the mount along, when its standard input does. Each connection to the control
socket is one command line and gets one line of JSON:

    stall           answer nothing that the kernel asks, until `go`
    go              answer again
    delay SECONDS   take so long for each write
    fail ERRNO N    fail every Nth write, and with N = 1 every new file too; `fail EIO 0` ends it
    count           nothing; the answer is {"writes": answered, "failed": with an error}

While it stalls it does not even read the requests, so that whoever waits for one can be killed: as on NFS.
"""

import array
import contextlib
import errno
import json
import os
import selectors
import socket
import stat
import struct
import subprocess
import sys
import time

# linux/fuse.h, protocol 7.31
IN_HEADER = struct.Struct("<IIQQIIII")
OUT_HEADER = struct.Struct("<IiQ")
ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
VALID_SECONDS = 3600  # how long the kernel may believe an answer: nobody else changes anything
MAX_WRITE = 128 << 10
(
    LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, UNLINK, RMDIR, RENAME, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC,
    INIT, OPENDIR, READDIR, RELEASEDIR, CREATE, INTERRUPT, DESTROY, BATCH_FORGET,
) = (1, 2, 3, 4, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 26, 27, 28, 29, 35, 36, 38, 42)  # fmt: skip
WITHOUT_ANSWER = {FORGET, BATCH_FORGET, INTERRUPT, DESTROY}
FATTR_SIZE = 1 << 3
FUSE_BIG_WRITES = 1 << 5


class Node:
    """A file (`content`) or a directory (`children`)."""

    def __init__(self, number, mode):
        self.number = number
        self.mode = mode
        self.links = 1
        self.content = bytearray()
        self.children = {}


class Fault(Exception):
    """The error number that the kernel gets."""


class Disk:
    """The files, and what shall go wrong with them."""

    def __init__(self):
        self.nodes = {}
        self._new(stat.S_IFDIR | 0o777)
        self.is_stalled = False
        self.delay_seconds = 0.0
        self.error_number = 0
        self.fail_every = 0
        self.writes = 0
        self.failed = 0

    def answer(self, opcode, number, body):
        """The body of the answer to one request."""
        node = self.nodes.get(number)
        if opcode in (LOOKUP, MKDIR, CREATE, UNLINK, RMDIR, RENAME):
            return self._name_request(opcode, node, body)
        if opcode in (RELEASE, RELEASEDIR, FSYNC):
            return b""
        methods = {
            INIT: self._init,
            GETATTR: self._getattr,
            SETATTR: self._setattr,
            OPEN: self._open,
            OPENDIR: self._open,
            READ: self._read,
            READDIR: self._readdir,
            WRITE: self._write,
            STATFS: self._statfs,
        }
        if opcode not in methods:
            # FLUSH, too: from its first answer on it is not asked again. close() would wait for it, and so would the
            # kernel when it ends a process.
            raise Fault(errno.ENOSYS)
        return methods[opcode](node, body)

    @staticmethod
    def _init(_, __):
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, MAX_WRITE, FUSE_BIG_WRITES, 12, 9, MAX_WRITE, 1, 0, 0, 0)

    def _getattr(self, node, _):
        return struct.pack("<QII", VALID_SECONDS, 0, 0) + self._attributes(node)

    def _setattr(self, node, body):
        if struct.unpack_from("<I", body)[0] & FATTR_SIZE:
            self._resize(node, struct.unpack_from("<Q", body, 16)[0])
        return self._getattr(node, body)

    @staticmethod
    def _open(node, _):
        return struct.pack("<QII", node.number, 0, 0)

    @staticmethod
    def _read(node, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(node.content[offset : offset + size])

    @staticmethod
    def _statfs(_, __):
        return struct.pack("<QQQQQIIII24x", 1 << 30, 1 << 29, 1 << 29, 1 << 20, 1 << 19, 4096, 255, 4096, 0)

    def _name_request(self, opcode, node, body):
        before = {MKDIR: 8, CREATE: 16, RENAME: 8}.get(opcode, 0)
        name = body[before:].rstrip(b"\0")
        if opcode == RENAME:
            old, new = name.split(b"\0")
            self.nodes[struct.unpack_from("<Q", body)[0]].children[new] = node.children.pop(old)
            return b""
        if opcode in (UNLINK, RMDIR):
            node.children.pop(name).links = 0
            return b""
        if opcode != LOOKUP:
            if opcode == CREATE and self.fail_every == 1:
                raise Fault(self.error_number)
            kind = stat.S_IFDIR | 0o755 if opcode == MKDIR else stat.S_IFREG | 0o644
            node.children[name] = self._new(kind)
        if name not in node.children:
            raise Fault(errno.ENOENT)
        child = node.children[name]
        entry = struct.pack(
            "<QQQQII", child.number, 0, VALID_SECONDS, VALID_SECONDS, 0, 0
        ) + self._attributes(child)
        return entry + (struct.pack("<QII", child.number, 0, 0) if opcode == CREATE else b"")

    def _write(self, node, body):
        self.writes += 1
        time.sleep(self.delay_seconds)
        if self.fail_every and self.writes % self.fail_every == 0:
            self.failed += 1
            raise Fault(self.error_number)
        _, offset, size = struct.unpack_from("<QQI", body)
        if offset > len(node.content):
            self._resize(node, offset)
        node.content[offset : offset + size] = body[40 : 40 + size]
        return struct.pack("<II", size, 0)

    def _new(self, mode):
        node = Node(len(self.nodes) + 1, mode)
        self.nodes[node.number] = node
        return node

    @staticmethod
    def _resize(node, size):
        del node.content[size:]
        node.content.extend(bytes(size - len(node.content)))

    @staticmethod
    def _attributes(node):
        size = len(node.content)
        times = (0,) * 6
        owner = (os.getuid(), os.getgid())
        return ATTRIBUTES.pack(
            node.number, size, size // 512, *times, node.mode, node.links, *owner, 0, 4096, 0
        )

    @staticmethod
    def _readdir(node, body):
        offset, size = struct.unpack_from("<8xQI", body)
        packed = b""
        for index, (name, child) in enumerate(list(node.children.items())[offset:], offset + 1):
            entry = struct.pack("<QQII", child.number, index, len(name), child.mode >> 12) + name
            entry += bytes(-len(entry) % 8)
            if len(packed) + len(entry) > size:
                break
            packed += entry
        return packed

    def obey(self, command):
        """One command of the control socket."""
        word, *arguments = command.split()
        if word in ("stall", "go"):
            self.is_stalled = word == "stall"
        elif word == "delay":
            self.delay_seconds = float(arguments[0])
        elif word == "fail":
            self.error_number = getattr(errno, arguments[0])
            self.fail_every = int(arguments[1])
        elif word != "count":
            raise ValueError(command)
        return {"writes": self.writes, "failed": self.failed}


def mount(mountpoint):
    """Mounts through fusermount3, which hands over the descriptor of /dev/fuse (see its source, fusermount.c)."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    subprocess.run(
        ["fusermount3", "-o", "fsname=tickertape-test,default_permissions", "--", mountpoint],
        env=os.environ | {"_FUSE_COMMFD": str(theirs.fileno())},
        pass_fds=[theirs.fileno()],
        check=True,
    )
    size = array.array("i").itemsize
    _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_LEN(size))
    return array.array("i", ancillary[0][2][:size])[0]


def serve_kernel(disk, descriptor):
    """Answers one request; False when it is unmounted."""
    try:
        request = os.read(descriptor, MAX_WRITE + 4096)
    except OSError as error:
        return error.errno in (
            errno.EINTR,
            errno.ENOENT,
            errno.EAGAIN,
        )  # ENOENT: the asker was killed meanwhile
    _, opcode, unique, number, *_ = IN_HEADER.unpack_from(request)
    body, error_number = b"", 0
    try:
        body = disk.answer(opcode, number, request[IN_HEADER.size :])
    except Fault as fault:
        error_number = -fault.args[0]
    if opcode not in WITHOUT_ANSWER:
        with contextlib.suppress(FileNotFoundError):  # the asker was killed meanwhile
            os.write(descriptor, OUT_HEADER.pack(OUT_HEADER.size + len(body), error_number, unique) + body)
    return True


def serve_control(disk, listener):
    connection, _ = listener.accept()
    with connection, connection.makefile("rw") as lines:
        lines.write(json.dumps(disk.obey(lines.readline())) + "\n")


def main(mountpoint, control_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(control_path)
    listener.listen()
    descriptor = mount(mountpoint)
    disk = Disk()
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(descriptor, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                subprocess.run(["fusermount3", "-u", "-z", "--", mountpoint], check=False)
                return
            if key.fileobj is listener:
                was_stalled = disk.is_stalled
                serve_control(disk, listener)
                if disk.is_stalled and not was_stalled:
                    selector.unregister(descriptor)
                elif was_stalled and not disk.is_stalled:
                    selector.register(descriptor, selectors.EVENT_READ)
            elif not disk.is_stalled and not serve_kernel(disk, descriptor):
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
