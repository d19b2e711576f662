"""The system calls that Python 3.11 does not wrap: namespaces, mounts, capabilities, seccomp."""

import ctypes
import os
import struct
from collections.abc import Sequence
from functools import cache

NEW_MOUNT, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
READ_ONLY, NO_SUID, NO_DEV, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_CAPABILITY_VERSION = 0x20080522
_NO_SUCH_CALL, _NOT_PERMITTED = 38, 1


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names; raises OSError."""
    _check(_libc().unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a file system, or change a mount's flags; raises OSError."""
    arguments = [None if text is None else text.encode() for text in (source, target, kind, options)]
    what = f"mount on {target}"
    _check(_libc().mount(*arguments[:3], ctypes.c_ulong(flags), arguments[3]), what)


def change_root(folder: str) -> None:
    """Make a mount point the root folder and detach the old one; raises OSError."""
    os.chdir(folder)
    number = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
    _check(_libc().syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_libc().umount2(b".", _DETACH), "umount the old root")
    os.chdir("/")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _check(_libc().prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl(PDEATHSIG)")


def drop_privileges(user: int | None) -> None:
    """Become `user` (null: stay), hold no capability, and never gain one again."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _check(_libc().capset(header, bytes(24)), "capset")
    _check(_libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl(DUMPABLE)")
    _check(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(NO_NEW_PRIVS)")


# Calls that a computing program does not need and that reach past it: sockets (some kinds, such as
# vsock, ignore network namespaces), namespaces and mounts, other processes, kernel interfaces.
_DENIED = {
    "x86_64": (
        *(41, 101, 155, 165, 166, 175, 176, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 313, 320, 321, 323),
        *(425, 426, 427, 428, 429, 430, 431, 432, 433, 442),
    ),
    "aarch64": (
        *(39, 40, 41, 97, 104, 105, 106, 117, 198, 217, 218, 219, 241, 265, 268, 270, 271, 273, 280, 282, 294),
        *(425, 426, 427, 428, 429, 430, 431, 432, 433, 442),
    ),
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE3 = 435
_OTHER_ABI = 0x40000000


def deny_calls() -> None:
    """Refuse the calls listed above to this process and its children, by a seccomp filter; raises OSError."""
    machine = os.uname().machine
    if machine not in _DENIED:
        raise OSError(_NO_SUCH_CALL, f"no seccomp filter for {machine}")
    program = _filter(machine)
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _check(_libc().prctl(_PR_SET_SECCOMP, 2, header, 0, 0), "prctl(SECCOMP)")


def _filter(machine: str) -> Sequence[tuple[int, int, int, int]]:
    """A classic BPF program over (architecture, call number, first argument); each test skips one return."""
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    refuse, absent, allow = 0x00050000 | _NOT_PERMITTED, 0x00050000 | _NO_SUCH_CALL, 0x7FFF0000
    namespaces = NEW_MOUNT | NEW_UTS | NEW_IPC | NEW_USER | NEW_PID | NEW_NET
    program = [(load, 0, 0, 4), (equal, 1, 0, _ARCHITECTURE[machine]), (give, 0, 0, refuse), (load, 0, 0, 0)]
    program += [(at_least, 0, 1, _OTHER_ABI), (give, 0, 0, absent), (equal, 0, 1, _CLONE3), (give, 0, 0, absent)]
    for number in _DENIED[machine]:
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    program += [(equal, 0, 3, _CLONE[machine]), (load, 0, 0, 16), (any_bit, 0, 1, namespaces), (give, 0, 0, refuse)]
    return [*program, (give, 0, 0, allow)]
