"""Sockets that a context points to: fields of each kind, null checks, storage."""

from tests.differential.family import Family


def _family(name: str, types: tuple[str, ...], sk: int, *, helpers: bool) -> Family:
    get = f"r9 = *(u64 *)(r6 +{sk}); {{if r9 == 0 goto none#~~}}; "
    end = "; none#:; r9 = 0"
    read = (
        "r8 = *(u{32~32~~16~8~64} *)(%s +{0~4~8~12~16~20~24~44~48~72~76~~1~80~120~-4})"
    )
    narrow = "r8 = *(u{8~16} *)(%s +{4~8~12~48~~0~72})"
    full = "r1 = r9; call bpf_sk_fullsock; {if r0 == 0 goto none#~~}; "
    tcp = "r1 = r9; call bpf_tcp_sock; {if r0 == 0 goto none#~~}; "
    plain = (
        f"{get}{read % 'r9'}{end}",
        f"{get}{{~~*(u32 *)(r9 +8) = 1~r9 += 4}};{read % 'r9'}{end}",
        f"r9 = *(u{{64~~32}} *)(r6 +{sk}); r8 = 0; r9 = 0",
    )
    called = (
        f"{get}{full}{read % 'r0'}{end}",
        f"{get}{full}{narrow % 'r0'}{end}",
        f"{get}{tcp}r8 = *(u{{32~64~~8}} *)(r0 +{{0~4~8~40~56~96~~2~200}}){end}",
        f"{get}{full}r9 = r0; r1 = r0; call bpf_get_listener_sock; if r0 == 0 goto none#; {read % 'r0'}{end}",
        f"{get}{full}r2 = r0; r1 = sk_storage ll; r3 = {{0~~r7}}; r4 = {{0~1~r7}}; call bpf_sk_storage_get; if r0 == 0 goto none#; r8 = *(u64 *)(r0 +{{0~~8}}){end}",
    )
    return Family(name, plain + called * helpers, types, count=3, general=0.3)


FAMILIES = (
    _family("sockets_skb", ("sched_cls", "cgroup_skb", "sched_act"), 168, helpers=True),
    _family("sockets_sock_ops", ("sock_ops/cgroup_sock_ops",), 184, helpers=False),
    _family(
        "sockets_sock_addr",
        (
            "cgroup_sock_addr/cgroup_inet4_connect",
            "cgroup_sock_addr/cgroup_udp6_sendmsg",
        ),
        64,
        helpers=False,
    ),
    _family("sockets_sk_lookup", ("sk_lookup/sk_lookup",), 0, helpers=False),
    _family("sockets_sockopt", ("cgroup_sockopt/cgroup_setsockopt",), 0, helpers=False),
    _family("sockets_sk_msg", ("sk_msg/sk_msg_verdict",), 72, helpers=False),
)
