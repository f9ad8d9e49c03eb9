/* One helper or two each: right, and wrong in one way. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
struct v { long a; long b; };
#define STORAGE(name, kind) struct { __uint(type, kind); __type(key, int); \
    __uint(map_flags, BPF_F_NO_PREALLOC); __type(value, struct v); } name SEC(".maps");
#define OF_CGROUP(name, kind) struct { __uint(type, kind); \
    __type(key, struct bpf_cgroup_storage_key); __type(value, struct v); \
    } name SEC(".maps");
#define MAP(name, kind, key_type) struct { __uint(type, kind); \
    __uint(max_entries, 4); __type(key, key_type); __type(value, struct v); \
    } name SEC(".maps");
STORAGE(sks, BPF_MAP_TYPE_SK_STORAGE)
STORAGE(tks, BPF_MAP_TYPE_TASK_STORAGE)
STORAGE(cgs, BPF_MAP_TYPE_CGRP_STORAGE)
OF_CGROUP(cst, BPF_MAP_TYPE_CGROUP_STORAGE)
OF_CGROUP(pcst, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE)
MAP(pa, BPF_MAP_TYPE_PERCPU_ARRAY, int)
MAP(ar, BPF_MAP_TYPE_ARRAY, int)
MAP(ha, BPF_MAP_TYPE_HASH, int)
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096);
} ur SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4);
    __type(key, int); __type(value, int); } pr SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 4);
    __type(value, long); } qu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 4);
    __type(value, long); } bl SEC(".maps");
SEC("tc") int t1(struct __sk_buff *s)
{
    struct bpf_sock *k=s->sk; if(!k) return 0; k=bpf_sk_fullsock(k);
    if(!k) return 0; struct v*x=bpf_sk_storage_get(&sks,k,0,1); if(x) x->a++;
    return 0;
}
SEC("tc") int t2(struct __sk_buff *s)
{
    struct bpf_sock *k=s->sk; struct v*x=bpf_sk_storage_get(&sks,k,0,1);
    if(x) x->a++; return 0;
}
SEC("tc") int t3(struct __sk_buff *s)
{
    struct bpf_sock *k=s->sk; if(!k) return 0; struct v init={};
    struct v*x=bpf_sk_storage_get(&sks,k,&init,1); return x?x->b:0;
}
SEC("tc") int t4(struct __sk_buff *s)
{
    struct bpf_sock *k=s->sk; if(!k) return 0;
    struct v*x=bpf_sk_storage_get(&sks,k,0,1); return x->b;
}
SEC("tc") int t5(struct __sk_buff *s)
{
    struct bpf_sock *k=s->sk; if(!k) return 0; return bpf_sk_storage_delete(&sks,k);
}
SEC("tc") int t6(struct __sk_buff *s)
{
    struct bpf_sock *k=s->sk; if(!k) return 0;
    struct bpf_tcp_sock*t=bpf_tcp_sock(k); if(!t) return 0;
    return t->snd_cwnd+ bpf_skb_ecn_set_ce(s);
}
SEC("kprobe/x") int k1(void*c)
{
    struct task_struct*t=bpf_get_current_task_btf();
    struct v*x=bpf_task_storage_get(&tks,t,0,1); if(x) x->a=1; return 0;
}
SEC("kprobe/x") int k2(void*c)
{
    struct task_struct*t=bpf_get_current_task_btf();
    struct v*x=bpf_task_storage_get(&tks,t->group_leader,0,1); if(x) x->a=1;
    return 0;
}
SEC("kprobe/x") int k3(void*c)
{
    struct task_struct*t=(void*)bpf_get_current_task();
    struct v*x=bpf_task_storage_get(&tks,t,0,1); if(x) x->a=1; return 0;
}
SEC("kprobe/x") int k4(void*c)
{
    return bpf_task_storage_delete(&tks,bpf_get_current_task_btf());
}
SEC("kprobe/x") int k5(void*c)
{
    struct task_struct*t=bpf_get_current_task_btf();
    struct v*x=bpf_cgrp_storage_get(&cgs,t->cgroups->dfl_cgrp,0,1); if(x) x->a=1;
    return 0;
}
SEC("kprobe/x") int k6(void*c)
{
    struct task_struct*t=bpf_get_current_task_btf(); char b[64];
    return bpf_get_task_stack(t,b,64,0);
}
SEC("kprobe/x") int k7(void*c)
{
    struct pt_regs*r=(void*)bpf_task_pt_regs(bpf_get_current_task_btf());
    return r->ip;
}
SEC("kprobe/x") int k8(void*c)
{
    char b[64]; int n=bpf_get_stack(c,b,64,0); if(n<0) return 0;
    return n<64?b[n&63]:0;
}
SEC("kprobe/x") int k9(void*c)
{
    char b[64]; int n=bpf_probe_read_kernel_str(b,64,c); if(n<=0) return 0;
    return b[n-1];
}
SEC("cgroup_skb/ingress") int g1(struct __sk_buff *s)
{
    struct v*x=bpf_get_local_storage(&cst,0); x->a++; return 1;
}
SEC("cgroup_skb/ingress") int g2(struct __sk_buff *s)
{
    struct v*x=bpf_get_local_storage(&pcst,0); x->a++; return 1;
}
SEC("cgroup_skb/ingress") int g3(struct __sk_buff *s)
{
    struct v*x=bpf_get_local_storage(&cst,1); x->a++; return 1;
}
SEC("cgroup_skb/ingress") int g4(struct __sk_buff *s)
{
    struct v*x=bpf_get_local_storage(&cst,0); return ((long*)x)[2];
}
SEC("cgroup/sock_create") int g5(struct bpf_sock *s)
{
    struct v*x=bpf_sk_storage_get(&sks,s,0,1); if(x) x->a=1; return 1;
}
SEC("tc") int p1(void*c)
{
    int k=1; struct v*x=bpf_map_lookup_percpu_elem(&pa,&k,1); return x?x->a:0;
}
SEC("tc") int p2(void*c)
{
    int k=1; struct v*x=bpf_map_lookup_percpu_elem(&pa,&k,1); return x->a;
}
SEC("tc") int p3(void*c)
{
    int k=1; struct v*x=bpf_map_lookup_elem(&pa,&k); return x->a;
}
SEC("tc") int p4(void*c)
{
    int k=4; struct v*x=bpf_map_lookup_elem(&pa,&k); return x->a;
}
SEC("tc") int q1(void*c)
{
    long v=3; bpf_map_push_elem(&qu,&v,0); bpf_map_pop_elem(&qu,&v);
    return bpf_map_peek_elem(&qu,&v);
}
SEC("tc") int q2(void*c)
{
    long v; bpf_map_push_elem(&bl,&v,0); return bpf_map_peek_elem(&bl,&v);
}
SEC("tc") int q3(void*c)
{
    long v=1; return bpf_map_pop_elem(&bl,&v);
}
static long cb(void*m,int*k,struct v*x,void*c)
{
    *(long*)c += x->a; return 0;
}
static long cb2(void*m,int*k,struct v*x,void*c)
{
    *k = 1; return 0;
}
static long cb3(void*m,int*k,struct v*x,void*c)
{
    return 2;
}
SEC("tc") int f1(void*c)
{
    long s=0; bpf_for_each_map_elem(&ar,cb,&s,0); return s;
}
SEC("tc") int f2(void*c)
{
    long s=0; bpf_for_each_map_elem(&ha,cb2,&s,0); return s;
}
SEC("tc") int f3(void*c)
{
    long s=0; bpf_for_each_map_elem(&ha,cb3,&s,0); return s;
}
SEC("tc") int f4(void*c)
{
    long s=0; bpf_for_each_map_elem(&ha,cb,0,0); return s;
}
SEC("tc") int f5(void*c)
{
    long s=0; bpf_for_each_map_elem(&qu,cb,&s,0); return s;
}
static long lp(int i,long*c)
{
    *c+=i; return 0;
}
SEC("tc") int l1(void*c)
{
    long s=0; bpf_loop(10,lp,&s,0); return s;
}
SEC("tc") int l2(struct __sk_buff*c)
{
    long s=0; bpf_loop(c->len,lp,&s,0); return s;
}
static long dr(struct bpf_dynptr*d,long*c)
{
    long v; if(bpf_dynptr_read(&v,8,d,0,0)) return 0; char*p=bpf_dynptr_data(d,0,4);
    if(p) *c+=p[1]; return 0;
}
SEC("tc") int u1(void*c)
{
    long s=0; bpf_user_ringbuf_drain(&ur,dr,&s,0); return s;
}
static long dr2(struct bpf_dynptr*d,long*c)
{
    return bpf_dynptr_write(d,0,c,8,0);
}
SEC("tc") int u2(void*c)
{
    long s=0; bpf_user_ringbuf_drain(&ur,dr2,&s,0); return s;
}
SEC("syscall") int s1(void*c)
{
    char b[8]; bpf_rcu_read_lock(); bpf_copy_from_user(b,8,c);
    bpf_rcu_read_unlock(); return 0;
}
SEC("syscall") int s2(void*c)
{
    char b[8]; bpf_preempt_disable(); bpf_copy_from_user(b,8,c);
    bpf_preempt_enable(); return 0;
}
SEC("syscall") int s3(void*c)
{
    char b[8]; return bpf_copy_from_user(b,8,c);
}
SEC("syscall") int s4(void*c)
{
    char b[8]="abc"; return bpf_btf_find_by_name_kind(b,8,4,0);
}
SEC("tc") int r1(void*c)
{
    bpf_rcu_read_lock(); bpf_tail_call(c,&pr,1); bpf_rcu_read_unlock(); return 0;
}
SEC("tc") int r2(void*c)
{
    bpf_rcu_read_lock(); return 0;
}
SEC("tc") int r3(void*c)
{
    bpf_preempt_disable(); bpf_ktime_get_ns(); bpf_preempt_enable(); return 0;
}
SEC("tc") int r4(void*c)
{
    bpf_preempt_disable(); return 0;
}
SEC("tc") int r5(void*c)
{
    bpf_rcu_read_unlock(); return 0;
}
SEC("xdp") int x1(struct xdp_md*c)
{
    struct bpf_fib_lookup p={}; return bpf_fib_lookup(c,&p,sizeof p,0);
}
SEC("xdp") int x2(struct xdp_md*c)
{
    __u32 m=0; return bpf_check_mtu(c,1,&m,0,0);
}
SEC("xdp") int x3(struct xdp_md*c)
{
    __u16 m[3]={}; return bpf_check_mtu(c,1,(void*)&m[1],0,0);
}
SEC("tc") int z1(void*c)
{
    static const char f[]="%d %s"; char b[32]; __u64 a[2]={1,(long)f};
    return bpf_snprintf(b,32,f,a,16);
}
SEC("tc") int z2(void*c)
{
    static const char f[]="%d %y"; char b[32]; __u64 a[2]={1,2};
    return bpf_snprintf(b,32,f,a,16);
}
SEC("tc") int z3(void*c)
{
    static const char f[]="%d %d %d"; char b[32]; __u64 a[2]={1,2};
    return bpf_snprintf(b,32,f,a,16);
}
SEC("tc") int z4(void*c)
{
    static const char f[]="abc"; char b[8]="abd"; return bpf_strncmp(b,4,f);
}
SEC("tc") int z5(void*c)
{
    static const char f[]="%d"; char b[32]; __u64 a[2]={1,2};
    return bpf_snprintf(b,32,f,a,12);
}
char _license[] SEC("license") = "GPL";
