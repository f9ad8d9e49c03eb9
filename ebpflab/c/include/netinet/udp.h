/* What a C library calls <netinet/udp.h>: here, Linux's own of the UDP header (struct udphdr). */
#pragma once

#include <linux/udp.h>
