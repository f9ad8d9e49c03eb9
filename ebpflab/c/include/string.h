/* The functions of <string.h> that the compiler writes out where they are called.
 *
 * There is no C library in eBPF: a size must be known when the program is compiled.
 */
#pragma once

#include <stddef.h>

#ifndef memcpy
#define memcpy(to, from, size) __builtin_memcpy(to, from, size)
#endif
#ifndef memmove
#define memmove(to, from, size) __builtin_memmove(to, from, size)
#endif
#ifndef memset
#define memset(to, byte, size) __builtin_memset(to, byte, size)
#endif
#ifndef memcmp
#define memcmp(a, b, size) __builtin_memcmp(a, b, size)
#endif
#ifndef strlen
#define strlen(text) __builtin_strlen(text)
#endif
