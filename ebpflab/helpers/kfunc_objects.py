"""The kfuncs of objects that a program makes, and of its lists and trees of them.

Source: docs.kernel.org/bpf/graph_ds_impl.html; answers as observed on Linux 6.18.
"""

import errno
from collections.abc import Generator

from ebpflab.helpers.kfunc import kfunc
from ebpflab.helpers.proto import Callback, Env
from ebpflab.isa.words import WORD32

REGION = ~WORD32


def _answer(env: Env, answer: int) -> int:
    env.tell("effect-answer", answer=answer)
    return answer


@kfunc
def bpf_obj_new_impl(env: Env, type: int, meta: int) -> int:
    """Make an object of a type of the program's; zeros."""
    made = env.scratch("object", bytes(env.size_of(type)), writable=True)
    env.heap.counts[made] = 1
    return _answer(env, made)


@kfunc
def bpf_obj_drop_impl(env: Env, object: int, meta: int) -> int:
    """Let go of an object."""
    _drop(env, object)
    return _answer(env, 0)


def _drop(env: Env, object: int) -> None:
    start = object & REGION
    env.heap.counts[start] = env.heap.counts.get(start, 1) - 1
    if not env.heap.counts[start]:
        env.retire(start)


@kfunc
def bpf_refcount_acquire_impl(env: Env, object: int, meta: int) -> int:
    """Hold an object once more."""
    env.heap.counts[object & REGION] += 1
    return _answer(env, object)


# ---- lists ---------------------------------------------------------------------


def _push(env: Env, head: int, node: int, at_front: bool) -> int:
    if env.heap.holds(node):
        _drop(env, node)
        return _answer(env, -errno.EINVAL)
    nodes = env.heap.lists.setdefault(head, [])
    nodes.insert(0 if at_front else len(nodes), node)
    return _answer(env, 0)


@kfunc
def bpf_list_push_front_impl(
    env: Env, head: int, node: int, meta: int, offset: int
) -> int:
    """Put a node first."""
    return _push(env, head, node, True)


@kfunc
def bpf_list_push_back_impl(
    env: Env, head: int, node: int, meta: int, offset: int
) -> int:
    """Put a node last."""
    return _push(env, head, node, False)


@kfunc
def bpf_list_pop_front(env: Env, head: int) -> int:
    """Take the first node out, or return null."""
    nodes = env.heap.lists.get(head)
    return _answer(env, nodes.pop(0) if nodes else 0)


@kfunc
def bpf_list_pop_back(env: Env, head: int) -> int:
    """Take the last node out, or return null."""
    nodes = env.heap.lists.get(head)
    return _answer(env, nodes.pop() if nodes else 0)


@kfunc
def bpf_list_front(env: Env, head: int) -> int:
    """Return the first node, or null."""
    nodes = env.heap.lists.get(head)
    return _answer(env, nodes[0] if nodes else 0)


@kfunc
def bpf_list_back(env: Env, head: int) -> int:
    """Return the last node, or null."""
    nodes = env.heap.lists.get(head)
    return _answer(env, nodes[-1] if nodes else 0)


# ---- trees ---------------------------------------------------------------------


@kfunc
def bpf_rbtree_add_impl(
    env: Env, root: int, node: int, less: int, meta: int, offset: int
) -> Generator[Callback, int, int]:
    """Put a node in its order, as a function of the program's says.

    Kernel differs: here the function is asked about other nodes than there, where the
    order is the same.
    """
    if env.heap.holds(node):
        _drop(env, node)
        return _answer(env, -errno.EINVAL)
    nodes = env.heap.trees.setdefault(root, [])
    low, high = 0, len(nodes)
    while low < high:
        middle = (low + high) // 2
        if (yield Callback(less, (node, nodes[middle]))) & 1:
            high = middle
        else:
            low = middle + 1
    nodes.insert(low, node)
    return _answer(env, 0)


@kfunc
def bpf_rbtree_first(env: Env, root: int) -> int:
    """Return the first node, or null."""
    nodes = env.heap.trees.get(root)
    return _answer(env, nodes[0] if nodes else 0)


@kfunc
def bpf_rbtree_remove(env: Env, root: int, node: int) -> int:
    """Take a node out, or return null: it is not in."""
    nodes = env.heap.trees.get(root, [])
    if node not in nodes:
        return _answer(env, 0)
    nodes.remove(node)
    return _answer(env, node)
