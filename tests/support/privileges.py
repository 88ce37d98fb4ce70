"""Root without its right to pass over the modes of files, so that a test of them means something to root too."""

from __future__ import annotations

import ctypes
import os
import sys

PASSES_OVER_MODES = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of <linux/capability.h>
VERSION_3 = 0x20080522
PR_CAPBSET_DROP = 24


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def obey_modes() -> None:
    """Have this process, and what it starts, obey the modes of files as any user does; there is no way back.

    Raises
    ------
    OSError
        The system does not let it.
    """
    if os.geteuid() != 0:
        return
    if sys.platform != "linux":
        os.seteuid(65534)  # elsewhere root has no parts to give up
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in PASSES_OVER_MODES:  # first: it needs a right that stays
        _done(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
    header, data = _Header(VERSION_3, 0), (_Data * 2)()
    _done(libc.capget(ctypes.byref(header), data))
    for capability in PASSES_OVER_MODES:
        data[0].effective &= ~(1 << capability)
        data[0].permitted &= ~(1 << capability)
        data[0].inheritable &= ~(1 << capability)
    _done(libc.capset(ctypes.byref(header), data))


def _done(status: int) -> None:
    if status != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
