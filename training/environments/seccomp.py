"""The system-call filter of a closed environment.

A deny list over what a namespace does not close by itself: other ways into the kernel (io_uring, bpf,
keyrings, userfaultfd), into other processes, into new namespaces, and socket families that reach past the
network namespace. Integers are compared masked to the 32 bits that the kernel reads: one of all 64 lets
`socket((1 << 32) | AF_VSOCK, ...)` through.
"""

import errno
import os
from functools import cache

_DENIED = """
    io_uring_setup io_uring_enter io_uring_register bpf keyctl add_key request_key userfaultfd
    perf_event_open ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd unshare setns mount umount2
    pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr open_by_handle_at
    name_to_handle_at kexec_load kexec_file_load init_module finit_module delete_module reboot swapon
    swapoff acct quotactl syslog settimeofday clock_settime clock_adjtime adjtimex iopl ioperm personality
    vhangup fanotify_init vmsplice memfd_secret mbind migrate_pages move_pages set_mempolicy
""".split()  # noqa: SIM905  a list of words is read as words
_INT = 0xFFFFFFFF
_NEW_NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_AF_NETLINK = 16
# unix (1), inet (2), inet6 (10) and netlink are left; of netlink only the protocol that getifaddrs needs
_FAMILIES = (*range(3, 10), *range(11, 16), *range(17, 46))


@cache
def program() -> bytes:
    """The filter as BPF, about 1.5 kB; takes some 20 ms to build, once a process."""
    # its import runs `ldconfig`, so it happens where a sandbox is first wanted and not in every process
    import pyseccomp as s

    rules = s.SyscallFilter(s.ALLOW)
    refused = s.ERRNO(errno.EPERM)
    for name in _DENIED:
        rules.add_rule(refused, name)
    # the flags of clone3 lie behind a pointer, where no filter looks; libc falls back to clone
    rules.add_rule(s.ERRNO(errno.ENOSYS), "clone3")
    for bit in _NEW_NAMESPACES:
        rules.add_rule(refused, "clone", s.Arg(0, s.MASKED_EQ, bit, bit))
    for request in (_TIOCSTI, _TIOCLINUX):
        rules.add_rule(refused, "ioctl", s.Arg(1, s.MASKED_EQ, _INT, request))
    no_family = s.ERRNO(errno.EAFNOSUPPORT)
    for family in _FAMILIES:
        rules.add_rule(no_family, "socket", s.Arg(0, s.MASKED_EQ, _INT, family))
    for protocol in range(1, 32):
        rules.add_rule(
            no_family,
            "socket",
            s.Arg(0, s.MASKED_EQ, _INT, _AF_NETLINK),
            s.Arg(2, s.MASKED_EQ, _INT, protocol),
        )
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as memory:
        rules.export_bpf(memory)
        memory.seek(0)
        return memory.read()
