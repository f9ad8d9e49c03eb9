"""The helpers of programs that guard: what runs, and what its files are.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper


@helper(Arg.btf("linux_binprm"), Arg.ANYTHING)
def bprm_opts_set(env: Env, start: int, flags: int) -> int:
    """Say how a program is to be started."""
    return env.kernel("bprm_opts_set", start, flags)


@helper(Arg.btf("inode"), Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE, might_sleep=True)
def ima_inode_hash(env: Env, inode: int, to: int, size: int) -> int:
    """Write the hash of a file."""
    return env.kernel("ima_inode_hash", inode, to, size)


@helper(Arg.btf("file"), Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE, might_sleep=True)
def ima_file_hash(env: Env, file: int, to: int, size: int) -> int:
    """Write the hash of an open file."""
    return env.kernel("ima_file_hash", file, to, size)
