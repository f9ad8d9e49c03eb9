"""The helpers that set up sockets and look at the options of TCP headers.

Source: bpf-helpers(7); contracts as Linux 6.18 holds them.
"""

from ebpflab.helpers.contract import Arg
from ebpflab.helpers.proto import Env, helper
from ebpflab.isa.words import WORD32

ALL_CALLBACKS = 0x7F  # BPF_SOCK_OPS_ALL_CB_FLAGS
OF_SOCKETS = ("cgroup_sockopt", "struct_ops")  # programs that name the socket
GIVEN = (Arg.ANYTHING, Arg.ANYTHING, Arg.PTR_TO_MEM, Arg.CONST_SIZE)
WANTED = (Arg.ANYTHING, Arg.ANYTHING, Arg.PTR_TO_UNINIT_MEM, Arg.CONST_SIZE)


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.ANYTHING,
    Arg.PTR_TO_MEM,
    Arg.CONST_SIZE,
    variants=dict.fromkeys(OF_SOCKETS, (Arg.PTR_TO_BTF_ID_SOCK_COMMON, *GIVEN)),
)
def setsockopt(env: Env, ctx: int, level: int, name: int, value: bytes) -> int:
    """Set an option of a socket."""
    return env.kernel("setsockopt", ctx, level, name, value)


@helper(
    Arg.PTR_TO_CTX,
    Arg.ANYTHING,
    Arg.ANYTHING,
    Arg.PTR_TO_UNINIT_MEM,
    Arg.CONST_SIZE,
    variants=dict.fromkeys(OF_SOCKETS, (Arg.PTR_TO_BTF_ID_SOCK_COMMON, *WANTED)),
)
def getsockopt(env: Env, ctx: int, level: int, name: int, to: int, size: int) -> int:
    """Ask for an option of a socket."""
    return env.kernel("getsockopt", ctx, level, name, to, size)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_MEM, Arg.CONST_SIZE)
def bind(env: Env, ctx: int, address: bytes) -> int:
    """Bind the socket to a local address before it connects."""
    return env.kernel("bind", ctx, address)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING)
def sock_ops_cb_flags_set(env: Env, ctx: int, flags: int) -> int:
    """Say at which events the program is to be called."""
    env.set_context("bpf_sock_ops_cb_flags", flags & ALL_CALLBACKS)
    env.tell("effect-set")
    return flags & WORD32 & ~ALL_CALLBACKS


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_WRITABLE_MEM, Arg.CONST_SIZE, Arg.ANYTHING)
def load_hdr_opt(env: Env, ctx: int, to: int, size: int, flags: int) -> int:
    """Copy an option of the TCP header."""
    return env.kernel("load_hdr_opt", ctx, to, size, flags)


@helper(Arg.PTR_TO_CTX, Arg.PTR_TO_MEM, Arg.CONST_SIZE, Arg.ANYTHING)
def store_hdr_opt(env: Env, ctx: int, option: bytes, flags: int) -> int:
    """Write an option into the TCP header."""
    return env.kernel("store_hdr_opt", ctx, option, flags)


@helper(Arg.PTR_TO_CTX, Arg.ANYTHING, Arg.ANYTHING)
def reserve_hdr_opt(env: Env, ctx: int, size: int, flags: int) -> int:
    """Ask for room for options in the TCP header."""
    return env.kernel("reserve_hdr_opt", ctx, size, flags)


@helper(Arg.btf("tcp_sock"), Arg.ANYTHING)
def tcp_send_ack(env: Env, socket: int, number: int) -> int:
    """Send an acknowledgement."""
    return env.kernel("tcp_send_ack", socket, number)
