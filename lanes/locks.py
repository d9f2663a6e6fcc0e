"""A lock file: held by open file, so the kernel drops it however the holder ends."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An exclusive `flock` on `path`, with the holder's pid written in it. Not inherited, unless
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
        os.write(fd, f"{os.getpid()}\n".encode())
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
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None
