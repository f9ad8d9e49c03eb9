/* What a C library calls <netinet/if_ether.h>: here, Linux's own of the Ethernet header. */
#pragma once

#include <linux/if_ether.h>
