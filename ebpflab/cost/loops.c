/* Loops whose time is measured: each does one thing `n` times and nothing else.

   A loop returns how many nanoseconds it took by the clock that it is given (libc's
   clock_gettime, so that reading it is a vDSO call). System calls are made directly:
   no libc stands between, none caches an answer. Nothing here needs a libc to build. */

#include <linux/time_types.h>
#include <asm/unistd.h>

typedef int (*clock_fn)(int, struct __kernel_timespec *);
enum { MONOTONIC = 1, AT_FDCWD = -100, O_RDONLY = 0, SIGCHLD = 17 };

#if defined(__x86_64__)
static inline long call4(long nr, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long call4(long nr, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#endif

static long now(clock_fn clock)
{
    struct __kernel_timespec t;
    clock(MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

#define LOOP(name, body)                                                      \
    long name(long n, clock_fn clock, int fd)                                 \
    {                                                                         \
        char room[4096];                                                      \
        struct __kernel_timespec t;                                           \
        (void)room, (void)t, (void)fd;                                        \
        long start = now(clock);                                              \
        for (long i = 0; i < n; i++) {                                        \
            body;                                                             \
        }                                                                     \
        return now(clock) - start;                                            \
    }

__attribute__((noinline)) static long called(long x)
{
    __asm__ volatile("" : "+r"(x));
    return x;
}

LOOP(empty, __asm__ volatile(""))
LOOP(function_call, called(i))
LOOP(vdso, clock(MONOTONIC, &t))
LOOP(invalid_syscall, call4(-1, 0, 0, 0, 0))
LOOP(getpid, call4(__NR_getpid, 0, 0, 0, 0))
LOOP(read_1, call4(__NR_read, fd, (long)room, 1, 0))
LOOP(write_1, call4(__NR_write, fd, (long)room, 1, 0))
LOOP(pread_1, call4(__NR_pread64, fd, (long)room, 1, 0))
LOOP(pread_4096, call4(__NR_pread64, fd, (long)room, 4096, 0))
LOOP(open_close, call4(__NR_close,
                       call4(__NR_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0),
                       0, 0, 0))

/* One byte there and back between two processes, through two pipes. The other one is
   there before the clock starts; it ends with the end of what it reads. */

long ping(long n, clock_fn clock, int read_fd, int write_fd)
{
    char byte = 0;
    long start = now(clock);
    for (long i = 0; i < n; i++) {
        call4(__NR_write, write_fd, (long)&byte, 1, 0);
        call4(__NR_read, read_fd, (long)&byte, 1, 0);
    }
    return now(clock) - start;
}

void pong(int read_fd, int write_fd)
{
    char byte;
    while (call4(__NR_read, read_fd, (long)&byte, 1, 0) == 1)
        call4(__NR_write, write_fd, (long)&byte, 1, 0);
}
