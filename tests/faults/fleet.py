"""The hand on the warmed parent: asks it for processes and hears of their deaths."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).parents[2]
Heard = Callable[[dict[str, Any]], None]


class Fleet:
    """One warmed parent for many houses, one after the other, started when first waited for;
    `with Fleet() as fleet`."""

    def __init__(self) -> None:
        self._parent: subprocess.Popen[bytes] | None = None
        self._in: IO[bytes]
        self._out: IO[bytes]
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._parent is not None:
            self._in.close()
            self._out.close()
            self._parent.wait(10)

    def wait(self) -> None:
        """Until everything is imported."""
        if self._parent is not None and self._parent.poll() is None:
            return
        env = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
        env |= {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forks"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._in, self._out = self._parent.stdin, self._parent.stdout
        if not self._out.readline():
            raise RuntimeError("the warmed parent of the processes did not come up")

    def hear(self, heard: Heard) -> None:
        """Until `deaf`, each line it says goes to `heard`, in the running loop."""
        descriptor = self._out.fileno()
        os.set_blocking(descriptor, False)

        def readable() -> None:
            *lines, self._rest = (self._rest + os.read(descriptor, 1 << 16)).split(b"\n")
            for line in lines:
                heard(json.loads(line))

        asyncio.get_running_loop().add_reader(descriptor, readable)

    def deaf(self) -> None:
        asyncio.get_running_loop().remove_reader(self._out.fileno())
        os.set_blocking(self._out.fileno(), True)

    def prepare(self, settings: dict[str, Any]) -> None:
        """Before the first process of a house."""
        self._write({"ready": settings})

    def spawn(self, order: dict[str, Any]) -> None:
        """Its pid is heard."""
        self._write(order)

    def send(self, pid: int, number: signal.Signals) -> None:
        """By way of its parent, who alone knows that the number is still that child's."""
        self._write({"send": number.value, "to": pid})

    def _write(self, order: dict[str, Any]) -> None:
        self._in.write(json.dumps(order).encode() + b"\n")
        self._in.flush()
