/* Exercise "choose-the-map" (lesson 03-6). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(kind, key, value, count, flags) struct { \
    __uint(type, BPF_MAP_TYPE_##kind); __uint(key_size, key); \
    __uint(value_size, value); __uint(max_entries, count); \
    __uint(map_flags, flags); }

/* An address is to find the network that it is in: the longest prefix. */
MAP(LPM_TRIE, 8, 1, 16, BPF_F_NO_PREALLOC) blocked SEC(".maps");
/* Never full: who was not seen for the longest time makes room. */
MAP(LRU_HASH, 4, 8, 4, 0) recent SEC(".maps");
/* A value for each CPU: nobody waits, nothing gets lost. */
MAP(PERCPU_ARRAY, 4, 8, 1, 0) hits SEC(".maps");
/* First in, first out; a queue has no keys. */
MAP(QUEUE, 0, 4, 4, 0) jobs SEC(".maps");
/* One buffer for all CPUs, so there is one order; it has neither keys nor values. */
MAP(RINGBUF, 0, 0, 4096, 0) events SEC(".maps");
