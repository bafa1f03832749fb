"""What a process that opens people's files gives up first: memory, files, network, other programs."""

import resource
from contextlib import suppress

MEMORY_BYTES = 4 * 1024**3
_FILE_BYTES = 3 * 1024**3  # a file in memory counts as well
_OPEN_FILES = 256
_CPU_S = 6 * 3600  # ends a decoder that loops although the node that would notice was killed
_REFUSED = """
    socket socketpair connect bind listen accept accept4 sendto recvfrom sendmsg recvmsg execve execveat
    ptrace process_vm_readv process_vm_writev io_uring_setup io_uring_enter io_uring_register bpf keyctl
    add_key request_key userfaultfd perf_event_open mount unshare setns
""".split()  # noqa: SIM905  a list of words is read as words


def give_up(memory_bytes: int = MEMORY_BYTES) -> None:
    """Bound this process for good: no core, little memory, no network, no program but itself."""
    for what, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CPU, _CPU_S),
    ):
        with suppress(ValueError):  # the machine's own bound is lower already
            resource.setrlimit(what, (bound, bound))
    _refuse_system_calls()


def _refuse_system_calls() -> None:
    try:
        import pyseccomp  # only Linux has it; elsewhere the bounds above are what there is
    except (ImportError, OSError, RuntimeError):
        return
    filter_ = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in _REFUSED:
        filter_.add_rule(pyseccomp.ERRNO(1), name)
    filter_.load()
