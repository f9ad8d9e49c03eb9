/* What a C library calls <net/ethernet.h>: here, Linux's own of the Ethernet header. */
#pragma once

#include <linux/if_ether.h>
