"""Values of maps: the null check, bounds of every kind, direct addresses, flags."""

from tests.differential.family import Family

_LOOK = """*(u{32~64} *)(r10 -8) = {0~1~7~r7}
r2 = r10
r2 += {-8~~-4~-70~0}
r1 = %s ll
call bpf_map_lookup_elem
"""
_FOUND = _LOOK + "{if r0 == 0 goto none#~if r0 == 0 goto none#~~}; "
_ANY = "{wide~globals~array~hash~percpu_array~lru_hash~odd}"
_USE = (
    "r{1~7} = *(u{8~16~32~64} *)(r{0} +{0~~8~12~64~-1~7})",
    "*(u{8~16~32~64} *)(r0 +{0~~8~12~64~-1~7}) = {r7~5~0}",
    "*(u32 *)(r0 +4) = w8; r7 = *(s{8~16~32} *)(r0 +0)",
)

FAMILIES = (
    Family(
        "map_values",
        (
            *(f"{_FOUND % _ANY}{use}; none#:" for use in _USE),
            f"{_FOUND % '{wide~globals}'}r9 = r7; r9 &= {{7~31~56~~63~64}}; r0 += r9; r8 = *(u{{8}} *)(r0 +{{0~7}}); none#:; r9 = 0",
            f"{_FOUND % 'wide'}if r7 {{>~~s>~>=}} {{56~40~~64}} goto none#; r0 += r7; r8 = *(u8 *)(r0 +{{0~7~~8}}); none#:",
            f"{_FOUND % 'wide'}r9 = r8; if r9 s< {{0~~-1}} goto none#; if r9 s> {{48~~60}} goto none#; r0 += r9; *(u64 *)(r0 +0) = r7; none#:; r9 = 0",
            f"{_FOUND % 'wide'}w9 = w7; w9 >>= {{26~27~~25~1}}; r9 &= {{56~~127}}; r0 += r9; r8 = *(u64 *)(r0 +0); none#:; r9 = 0",
            f"{_LOOK % _ANY}r9 = r0; *(u64 *)(r10 -56) = r0; if {{r0~r9}} == 0 goto none#; r1 = *(u64 *)(r10 -56); r7 = *(u32 *)({{r1~r9~r0}} +0); none#:; r9 = 0",
            f"{_LOOK % _ANY}{{~~r0 += 4}}; if r0 {{!=~~==~>}} 0 goto have#; r0 = 0; goto none#; have#:; r7 = *(u8 *)(r0 +0); none#:",
            "r1 = map[name:globals][0]+{0~8~32~~60~64~-4} ll; r7 = *(u{8~32~64} *)(r1 +{0~~8~-4})",
            "r1 = map[name:globals][0]+{0~16} ll; *(u{8~32~64} *)(r1 +{0~8}) = {r7~9}; r8 &= {7~31~~63}; r1 += r8; r8 = *(u8 *)(r1 +{0~~48})",
            "r1 = map[name:rodata][0]+{0~16~24} ll; r7 = *(u{8~16~32} *)(r1 +{0~4}); {~~*(u8 *)(r1 +0) = 1}",
            "r1 = map[name:{sealed~rodata}][0]+0 ll; r7 = *(u{32~64} *)(r1 +0)",
            f"{_FOUND % '{sealed~~writeonly}'}r7 = *(u32 *)(r0 +0); {{~~*(u32 *)(r0 +0) = 1}}; none#:",
            f"{_FOUND % '{writeonly~~sealed}'}*(u32 *)(r0 +0) = 1; {{~~r7 = *(u8 *)(r0 +0)}}; none#:",
            f"{_FOUND % 'wide'}r1 = r0; {{r1 += 8; r1 -= 8~~r1 *= 2~r1 &= -8~w1 = w0}}; r7 = *(u64 *)(r1 +0); none#:",
            f"{_FOUND % 'wide'}r9 = r0; r9 += 16; r9 -= r0; r7 = r9; none#:; r9 = 0",
            "r1 = {wide~hash~array} ll; r7 = *(u{32~~64} *)(r1 +{0~4~8~~1024}); {~~*(u32 *)(r1 +0) = 1}",
            f"{_FOUND % 'array_of_maps'}r1 = r0; *(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; call bpf_map_lookup_elem; if r0 == 0 goto none#; r7 = *(u64 *)(r0 +{{0~~8}}); none#:",
            "r1 = hash_of_maps ll; r2 = r10; r2 += -8; call bpf_map_lookup_elem; {if r0 == 0 goto none#~~}; r1 = r0; r2 = r10; r2 += -8; {r3 = r2~~r3 = 0}; r4 = 0; call bpf_map_update_elem; none#:",
        ),
        types=("xdp", "sched_cls", "kprobe", "cgroup_skb", "raw_tracepoint"),
    ),
)
