/* Older than <bpf/bpf_helpers.h>: bytes of a packet by their place, for socket filters.
 *
 * The compiler turns these calls into instructions (BPF_LD_ABS, BPF_LD_IND); a place
 * outside of the packet ends the program.
 */
#ifndef __BPF_LEGACY_H__
#define __BPF_LEGACY_H__

#include <bpf/bpf_helpers.h>

unsigned long long load_byte(void *skb, unsigned long long place) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long place) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long place) asm("llvm.bpf.load.word");

#endif
