"""Unprivileged user: PostgreSQL refuses to run as root, so under root it gets a user and a place of its own."""

import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from nova.local.exceptions import UnreachableDirectoryError
from nova.local.processes.process import User

# A system's own account for PostgreSQL where there is one, else the account that owns nothing.
ACCOUNTS = ("postgres", "nobody")
# Unlike /tmp, it outlives a restart of the machine.
ELSEWHERE = "/var/tmp"  # noqa: S108 - mkdtemp makes a private directory in it


def unprivileged_user() -> User | None:
    """The user that PostgreSQL runs as; None when the current one will do."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(uid=account.pw_uid, gid=account.pw_gid)
    raise UnreachableDirectoryError(
        "PostgreSQL does not run as root, and there is no account `nobody`: use another account."
    )


def home_for(user: User | None, wanted: Path) -> Path:
    """A directory of the user's own (mode 700): the wanted one if the user can get there, else a private one elsewhere.

    A directory elsewhere is found again by a symbolic link at the wanted place.
    """
    if user is None:
        wanted.mkdir(mode=0o700, exist_ok=True)
        return wanted
    if not wanted.exists():
        if can_reach(user, wanted.parent):
            wanted.mkdir(mode=0o700)
        else:
            wanted.unlink(missing_ok=True)  # a link whose target was cleared away
            wanted.symlink_to(tempfile.mkdtemp(prefix="nova-postgres-", dir=ELSEWHERE))
        os.chown(wanted, user.uid, user.gid)
    return wanted.resolve()


def programs_for(user: User | None, package: Path, *, home: Path) -> Path:
    """A wheel's package with programs in it, or a copy in the user's home when the user can't get at the wheel.

    The wheel's libraries lie beside the package in `NAME.libs`, where the programs look for them, so both are copied.
    """
    if user is None or can_reach(user, package):
        return package
    copy = home / "programs" / package.name
    if not copy.exists():
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, copy.with_name(libraries.name), dirs_exist_ok=True)
        unfinished = copy.with_name(f"{copy.name}.unfinished")
        shutil.copytree(package, unfinished, dirs_exist_ok=True)
        unfinished.rename(copy)
    return copy


def can_reach(user: User, directory: Path) -> bool:
    """Whether the user may pass through a directory and all above it."""
    path = directory.resolve()
    return all(_may_pass(user, place.stat()) for place in (path, *path.parents))


def _may_pass(user: User, status: os.stat_result) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
