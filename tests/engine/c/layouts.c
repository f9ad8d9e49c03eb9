/* Bit-fields, unions, packed and nested structures, enums, arrays of arrays. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

enum color { RED = 1, GREEN = 5, BLUE = -2 };

struct bits {
	unsigned int a : 3;
	unsigned int b : 7;
	int c : 12;
	unsigned long long d : 40;
};

struct __attribute__((packed)) wire {
	__u8 kind;
	__be32 address;
	__be16 port;
	__u8 rest[3];
};

struct value {
	union {
		struct {
			__u16 low, high;
		};
		__u32 word;
		struct wire wire;
	};
	struct bits bits;
	enum color color;
	_Bool flags[3];
	__s8 grid[2][3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct wire);
	__type(value, struct value);
} table SEC(".maps");

SEC("tc")
int layouts(struct __sk_buff *skb)
{
	struct wire key = { .kind = 1, .port = bpf_htons(80) };
	struct value fresh, *value;

	__builtin_memset(&fresh, 0, sizeof(fresh));
	fresh.bits.c = -(int)skb->len;
	fresh.bits.d = skb->hash;
	fresh.color = skb->len > 100 ? GREEN : BLUE;
	fresh.grid[1][2] = 7;
	key.address = skb->hash;
	value = bpf_map_lookup_elem(&table, &key);
	if (!value)
		return bpf_map_update_elem(&table, &key, &fresh, BPF_ANY);
	value->bits.a++;
	value->bits.b = value->bits.a + 2;
	value->wire.port = key.port;
	value->flags[1] = value->bits.c < 0;
	return value->high == 3 ? value->color : value->grid[1][1];
}

char LICENSE[] SEC("license") = "GPL";
