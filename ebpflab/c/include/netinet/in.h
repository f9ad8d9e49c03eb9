/* Addresses and protocol numbers under their other name: Linux's own header has them. */
#ifndef _NETINET_IN_H
#define _NETINET_IN_H

#include <linux/in.h>
#include <linux/in6.h>
#include <sys/socket.h>

#endif
