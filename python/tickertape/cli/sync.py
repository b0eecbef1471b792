"""`tickertape sync`: uploads a local log directory to a bucket, or what dead processes left for a bucket."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tickertape.cli import as_json, terminal
from tickertape.cli.errors import FOUND, NOTHING_FOUND, WRONG_USE, CommandError
from tickertape.cli.progress import Progress
from tickertape.convert import urls
from tickertape.reader import left_events
from tickertape.remote import spool, sync

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
  tickertape sync s3://bucket/runs/exp1
  tickertape sync runs s3://bucket/runs
  tickertape sync runs s3://bucket/runs --follow"""

_UPLOAD_SECS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sync`."""
    parser.add_argument(
        "path",
        nargs="?",
        help="a local log directory, of any writer; or a URL: then what dead processes left in the spool for it or below it is "
        "uploaded (default: what they left for any URL)",
    )
    parser.add_argument("url", nargs="?", help="where the directory goes")
    parser.add_argument(
        "-f",
        "--follow",
        action="store_true",
        help="go on with what comes, until Ctrl-C, which uploads the rest",
    )
    parser.add_argument(
        "--upload-secs",
        type=float,
        default=_UPLOAD_SECS,
        metavar="SECONDS",
        help=f"with --follow: how long something new waits at most (default: {_UPLOAD_SECS:.0f})",
    )
    as_json.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Uploads; exit status 1 if something could not be uploaded."""
    if options.upload_secs <= 0:
        raise CommandError(f"--upload-secs: expected seconds above 0, got {options.upload_secs:g}")
    if options.url is None:
        return _left(options)
    if not urls.is_remote(options.url):
        raise CommandError(f"url: expected a URL such as s3://bucket/runs, got {options.url!r}", WRONG_USE)
    directory = options.path.removeprefix("file://")
    if not os.path.isdir(directory):  # noqa: PTH112  # a str
        raise CommandError(f"path: expected a local directory, got {options.path!r}", WRONG_USE)
    try:
        url = urls.normalised(options.url, "url")
    except ValueError as error:
        raise CommandError(str(error), WRONG_USE) from error
    directory = os.path.abspath(directory)  # noqa: PTH100  # a str
    left_events.warn([directory])
    if options.follow:
        _follow(options, directory, url)
    with Progress("uploading") as progress:
        synced = sync.upload_directory(directory, url, progress)
    return _say(synced, is_json=options.json)


def _left(options: argparse.Namespace) -> int:
    """What dead processes left for a URL, or for all."""
    if options.path is not None and not urls.is_remote(options.path):
        raise CommandError(
            f"url: expected where {options.path!r} goes, as in `sync {options.path} s3://bucket/runs`"
        )
    if options.follow:
        raise CommandError("--follow: expected a local directory and a URL, got no directory")
    url = None if options.path is None else urls.normalised(options.path, "path")
    status, found = FOUND, 0
    with Progress("uploading"):
        for synced in sync.upload_left(url):
            found += 1
            status = max(status, _say(synced, is_json=options.json))
    living = [
        folder for its_url, folder, lives in spool.waiting() if lives and (url is None or its_url == url)
    ]
    for folder in living:
        terminal.say(f"{folder}: its process lives, and uploads by itself")
    if not found and not options.json:
        sys.stdout.write("nothing was left to upload\n")
    return status


def _follow(options: argparse.Namespace, directory: str, url: str) -> None:
    """Until Ctrl-C."""
    try:
        for synced in sync.follow(directory, url, options.upload_secs):
            if synced.error:
                terminal.say(f"{url}: {synced.error}; trying again")
            else:
                _say(synced._replace(bytes_left=0), is_json=options.json)
                sys.stdout.flush()
    except KeyboardInterrupt:
        terminal.say("uploading the rest; Ctrl-C again ends without it")


def _say(synced: sync.Synced, *, is_json: bool) -> int:
    if is_json:
        as_json.write(synced._asdict(), on_one_line=True)
    else:
        parts = [f"{terminal.counted(synced.objects, 'object')} ({terminal.size(synced.size)}) uploaded"]
        if synced.events:
            parts.insert(0, f"{terminal.counted(synced.events, 'event')} recovered")
        if synced.bytes_left and not synced.error:
            parts.append(f"{terminal.size(synced.bytes_left)} left, as no whole record")
        sys.stdout.write(f"{terminal.clean(synced.url)}: {', '.join(parts)}\n")
    for name, why in synced.passed_over.items():
        terminal.say(f"{name}: not uploaded, since {why}")
    if synced.error:
        terminal.say(f"{synced.directory}: {synced.error}; run the same command again to go on")
    return NOTHING_FOUND if synced.error else FOUND
