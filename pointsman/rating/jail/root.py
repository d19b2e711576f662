"""A root folder that holds the interpreter's libraries, read-only, and an empty scratch folder; nothing else."""

import os
import sys

from pointsman.rating.jail.system import (
    BIND,
    NO_DEV,
    NO_SUID,
    PRIVATE,
    READ_ONLY,
    RECURSIVE,
    REMOUNT,
    change_root,
    mount,
)

SCRATCH = "/box"
_STAGE = "/sys"  # a folder that every Linux has and no interpreter lives in
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


def build(scratch_mb: int) -> None:
    """Enter the new root, in a mount namespace of one's own; raises OSError."""
    mount(None, "/", None, RECURSIVE | PRIVATE)
    sources = [*_shown(), *_DEVICES]
    mount("tmpfs", _STAGE, "tmpfs", NO_SUID | NO_DEV, "size=64k,nr_inodes=400,mode=755")
    for source in sources:
        _show(source)
    os.mkdir(_STAGE + SCRATCH)
    mount("tmpfs", _STAGE + SCRATCH, "tmpfs", NO_SUID | NO_DEV, f"size={scratch_mb}m,nr_inodes=1000,mode=777")
    mount(None, _STAGE, None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEV)
    change_root(_STAGE)


def _shown() -> list[str]:
    """Folders of the standard library and of shared libraries, none inside another."""
    wanted = [*sys.path, os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "lib"), *_LIBRARIES]
    there = sorted({os.path.abspath(path) for path in wanted if path and os.path.exists(path)})
    return [path for path in there if not any(path.startswith(other + "/") for other in there)]


def _show(source: str) -> None:
    """Make `source` visible at its own path below the stage."""
    target = _STAGE + source
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, mode=0o755, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(source, target, None, BIND | RECURSIVE)
    # In a user namespace a remount must keep the flags that the source's own mount has.
    kept = os.statvfs(source).f_flag & ~READ_ONLY & 0x0F
    mount(None, target, None, REMOUNT | BIND | READ_ONLY | kept)
