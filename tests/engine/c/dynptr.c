/* Memory whose size is known at run time: dynamic pointers. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile __u32 length = 64;

SEC("tp/syscalls/sys_enter_nanosleep")
int send(void *ctx)
{
	struct bpf_dynptr record;
	__u64 time = bpf_ktime_get_ns();
	__u32 *first;

	if (bpf_ringbuf_reserve_dynptr(&events, length, 0, &record)) {
		bpf_ringbuf_discard_dynptr(&record, 0);
		return 0;
	}
	bpf_dynptr_write(&record, 8, &time, sizeof(time), 0);
	first = bpf_dynptr_data(&record, 0, sizeof(*first));
	if (first)
		*first = 1;
	bpf_ringbuf_submit_dynptr(&record, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
