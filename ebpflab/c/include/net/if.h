/* What a C library calls <net/if.h>: here, Linux's own of network devices. */
#pragma once

#include <linux/if.h>
