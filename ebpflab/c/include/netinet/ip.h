/* What a C library calls <netinet/ip.h>: here, Linux's own of the IPv4 header (struct iphdr). */
#pragma once

#include <linux/ip.h>
