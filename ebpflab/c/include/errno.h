/* The numbers of errors: ENOENT, EINVAL, ...; eBPF has no variable errno. */
#pragma once

#include <linux/errno.h>
