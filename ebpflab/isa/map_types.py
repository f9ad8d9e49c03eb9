"""The numbers of map types, as the kernel's UAPI fixes them, by bpftool's names.

An object file, a program and bpf(2) name a map's type by this number, so it stands here
once, as the helpers' numbers do; what a type does stands in `maps/`.
Source: the UAPI header linux/bpf.h, enum bpf_map_type, complete up to Linux 6.18.
"""

_IN_ORDER = """
    unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace
    cgroup_array lru_hash lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap
    sockmap cpumap xskmap sockhash cgroup_storage reuseport_sockarray
    percpu_cgroup_storage queue stack sk_storage devmap_hash struct_ops ringbuf
    inode_storage task_storage bloom_filter user_ringbuf cgrp_storage arena
"""

MAP_TYPES = {name: number for number, name in enumerate(_IN_ORDER.split())}
MAP_TYPE_NAMES = {number: name for name, number in MAP_TYPES.items()}
