/* Network byte order under the names of user space; see <bpf/bpf_endian.h>. */
#ifndef _ARPA_INET_H
#define _ARPA_INET_H

#include <bpf/bpf_endian.h>
#include <netinet/in.h>

#define htons(x) bpf_htons(x)
#define ntohs(x) bpf_ntohs(x)
#define htonl(x) bpf_htonl(x)
#define ntohl(x) bpf_ntohl(x)

#endif
