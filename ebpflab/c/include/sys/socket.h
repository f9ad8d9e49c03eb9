/* As much of <sys/socket.h> as Linux's own headers (<linux/if.h>, <linux/icmp.h>) want. */
#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H

#include <asm/socket.h>
#include <linux/types.h>

typedef unsigned short sa_family_t;
struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17
#define PF_INET AF_INET
#define PF_INET6 AF_INET6
#define SOL_IP 0
#define SOL_TCP 6
#define SOL_UDP 17
#define SOL_IPV6 41
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3

#endif
