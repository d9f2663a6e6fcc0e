"""A lock file: held by open file, so the kernel drops it however the holder ends."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An exclusive `flock` on `path`, with the holder's pid written in it, and the file's own
    number, which no copy of it has. Not inherited, unless
    `fd` is handed to a child on purpose: then it is held until both are gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1

    @property
    def is_held(self) -> bool:
        return self.fd >= 0

    def take(self) -> bool:
        """False if another process (or another FileLock of ours) has it."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n{os.fstat(fd).st_ino}\n".encode())
        self.fd = fd
        return True

    def holder(self) -> int | None:
        """The pid last written, for a message; None if it cannot be read."""
        return read_pid(self.path)

    def release(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def is_abandoned(path: Path) -> bool | None:
    """Whether whoever locked this very file is gone; None where there is no such file, or only a
    copy of it, which proves nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        try:  # shared, so that two who ask at once do not take each other for the holder
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        words = os.read(fd, 100).split()
        return True if words[1:] == [str(os.fstat(fd).st_ino).encode()] else None
    finally:
        os.close(fd)
