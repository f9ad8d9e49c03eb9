/* What a C library calls <netinet/tcp.h>: here, Linux's own of the TCP header (struct tcphdr). */
#pragma once

#include <linux/tcp.h>
