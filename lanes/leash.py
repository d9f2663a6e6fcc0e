"""Children that cannot outlive us.

Each child is started through a wrapper of a few lines that asks the kernel to SIGKILL it when its
parent dies (PR_SET_PDEATHSIG survives the exec that follows), so even a SIGKILLed parent leaves
nothing. SIGKILL, because a child that hangs would ignore anything else, and everything here is
built to be killed. A wrapper rather than `preexec_fn`: that runs Python between fork and exec,
which is not safe once there are threads, and which Python 3.12 warns of. It costs about 20 ms.
"""

import os
import sys
from collections.abc import Sequence

_WRAPPER = """\
import os, sys
parent, argv = int(sys.argv[1]), sys.argv[2:]
os.setpgid(0, 0)
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != parent:
    sys.exit("the parent is gone")
try:
    os.execvp(argv[0], argv)
except OSError as error:
    sys.exit(f"cannot run {argv[0]}: {error.strerror}")
"""


def leashed(argv: Sequence[str]) -> list[str]:
    """`argv`, to be started by this process: same pid, own process group (so that a Ctrl-C in the
    terminal reaches only us). Off Linux the child is not killed when we are."""
    return [sys.executable, "-I", "-S", "-c", _WRAPPER, str(os.getpid()), *argv]
