/*
 * The functions of posix.h and include/stdlib.h as calls of the kernel of Linux. Where there is a newer call
 * of a kind and an older one, each kernel gets one that it has, back to Linux 2.0; where a call of 32 bits
 * may be missing from kernels that are built for the time after 2038, that of 64 bits is there as well.
 */
#include <asm/stat.h>
#include <linux/auxvec.h>
#include <linux/net.h>
#include <linux/time_types.h>
#include <linux/types.h>

typedef struct stat kernel_stat;

#include <stdlib.h>
#include <string.h>

#include "posix.h"

#include "call.h"

/* The largest number of an error: include/linux/err.h of the kernel. */
#define MOST_ERRORS 4095ul

/* Bytes of a page where the kernel does not say. */
#if defined(__alpha__)
#define USUAL_PAGE 8192
#else
#define USUAL_PAGE 4096
#endif

/* Bytes of the kernel's set of signals, of which there are 128 on MIPS and 64 elsewhere. */
#if defined(__mips__)
#define SIGNAL_SET_BYTES 16
#else
#define SIGNAL_SET_BYTES 8
#endif

int main(int count, char **arguments);
/* Of what the kernel has left at this address: the count of arguments, their addresses. */
void vl_start(long *stack);

int errno;

/* Pairs of a name and a value, up to the name 0 (getauxval(3)). */
static const unsigned long *auxiliary;

/* The result of a call as functions have it: -1 is a failure, whose reason is in errno. */
static long checked(long result)
{
    if ((unsigned long)result >= -MOST_ERRORS) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

static long call(long number, long a, long b, long c)
{
    return checked(vl_call(number, a, b, c, 0, 0, 0));
}

/* Whether the last call failed because this kernel does not have it. */
static int is_missing(long result) { return result == -1 && errno == ENOSYS; }

void vl_start(long *stack)
{
    char **arguments = (char **)(stack + 1);
    char **environment = arguments + *stack + 1;
    while (*environment != NULL) {
        ++environment;
    }
    auxiliary = (const unsigned long *)(environment + 1);
    exit(main((int)*stack, arguments));
}

void exit(int status)
{
    for (;;) {
        call(__NR_exit_group, status, 0, 0);
        call(__NR_exit, status, 0, 0);
    }
}

unsigned long getauxval(unsigned long name);
unsigned long getauxval(unsigned long name)
{
    const unsigned long *at = auxiliary;
    for (; at[0] != AT_NULL; at += 2) {
        if (at[0] == name) {
            return at[1];
        }
    }
    return 0;
}

int open(const char *name, int flags, int mode)
{
    return (int)call(__NR_open, (long)name, flags, mode);
}

int close(int file) { return (int)call(__NR_close, file, 0, 0); }

ssize_t read(int file, void *to, size_t room) { return call(__NR_read, file, (long)to, (long)room); }

ssize_t write(int file, const void *from, size_t bytes)
{
    return call(__NR_write, file, (long)from, (long)bytes);
}

off_t lseek(int file, off_t offset, int from) { return call(__NR_lseek, file, offset, from); }

int fsync(int file) { return (int)call(__NR_fsync, file, 0, 0); }

int ftruncate(int file, off_t bytes) { return (int)call(__NR_ftruncate, file, bytes, 0); }

int unlink(const char *name) { return (int)call(__NR_unlink, (long)name, 0, 0); }

int fcntl(int file, int what, int value) { return (int)call(__NR_fcntl, file, what, value); }

int fstat(int file, struct stat *about)
{
    kernel_stat old;
    long result;
#ifdef __NR_fstat64
    struct stat64 wide;
    result = call(__NR_fstat64, file, (long)&wide, 0);
    about->st_mode = wide.st_mode;
    if (!is_missing(result)) {
        return (int)result;
    }
#endif
    result = call(__NR_fstat, file, (long)&old, 0);
    about->st_mode = old.st_mode;
    return (int)result;
}

/* What the two calls write for each name (getdents(2)). */
struct wide_entry {
    __u64 inode, offset;
    unsigned short length;
    unsigned char type;
    char name[1];
};
struct old_entry {
    unsigned long inode, offset;
    unsigned short length;
    char name[1];
};

/* The folder, what was read of it, and how far it was given on. */
static DIR folder = -1;
static union {
    char bytes[1024];
    struct wide_entry aligned;
} list;
static long listed, given;
static int is_wide;

DIR *opendir(const char *name)
{
    folder = open(name, O_RDONLY | O_DIRECTORY, 0);
    listed = given = 0;
    return folder < 0 ? NULL : &folder;
}

struct dirent *readdir(DIR *there)
{
    static struct dirent found;
    const char *at, *name;
    unsigned i = 0;
    if (given >= listed) {
        given = 0;
        is_wide = 1;
        listed = call(__NR_getdents64, *there, (long)&list, sizeof list);
        if (is_missing(listed)) {
            is_wide = 0;
            listed = call(__NR_getdents, *there, (long)&list, sizeof list);
        }
        if (listed <= 0) {
            return NULL;
        }
    }
    at = list.bytes + given;
    if (is_wide) {
        name = at + offsetof(struct wide_entry, name);
        given += ((const struct wide_entry *)(const void *)at)->length;
    } else {
        name = at + offsetof(struct old_entry, name);
        given += ((const struct old_entry *)(const void *)at)->length;
    }
    while (name[i] != 0 && i + 1 < sizeof found.d_name) {
        found.d_name[i] = name[i];
        ++i;
    }
    found.d_name[i] = 0;
    return &found;
}

int closedir(DIR *there) { return close(*there); }

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
    long result;
#ifdef __NR_mmap2
    /* The offset is in pages: system.c knows none but 0. */
    result = checked(vl_call(__NR_mmap2, (long)at, (long)bytes, protection, flags, file, offset));
    if (!is_missing(result)) {
        return (void *)result;
    }
#endif
#if defined(__m68k__) || defined(__s390x__)
    {
        long all[6];
        all[0] = (long)at;
        all[1] = (long)bytes;
        all[2] = protection;
        all[3] = flags;
        all[4] = file;
        all[5] = offset;
        result = call(__NR_mmap, (long)all, 0, 0);
    }
#else
    result = checked(vl_call(__NR_mmap, (long)at, (long)bytes, protection, flags, file, offset));
#endif
    return (void *)result;
}

int munmap(void *at, size_t bytes) { return (int)call(__NR_munmap, (long)at, (long)bytes, 0); }

int mprotect(void *at, size_t bytes, int protection)
{
    return (int)call(__NR_mprotect, (long)at, (long)bytes, protection);
}

int select(int files, fd_set *reading, fd_set *writing, fd_set *failing, struct timeval *limit)
{
    struct timeval left = *limit;
    long result;
#ifdef __NR__newselect
    result = checked(vl_call(__NR__newselect, files, (long)reading, (long)writing, (long)failing,
                             (long)&left, 0));
#else
    result = checked(vl_call(__NR_select, files, (long)reading, (long)writing, (long)failing,
                             (long)&left, 0));
#endif
#ifdef __NR_pselect6_time64
    if (is_missing(result)) {
        struct __kernel_timespec time;
        time.tv_sec = limit->tv_sec;
        time.tv_nsec = limit->tv_usec * 1000;
        result = checked(vl_call(__NR_pselect6_time64, files, (long)reading, (long)writing,
                                 (long)failing, (long)&time, 0));
    }
#endif
    return (int)result;
}

int clock_gettime(int clock, struct timespec *now)
{
    long result = call(__NR_clock_gettime, clock, (long)now, 0);
#ifdef __NR_clock_gettime64
    if (is_missing(result)) {
        struct __kernel_timespec time;
        result = call(__NR_clock_gettime64, clock, (long)&time, 0);
        now->tv_sec = (long)time.tv_sec;
        now->tv_nsec = (long)time.tv_nsec;
    }
#endif
    return (int)result;
}

int gettimeofday(struct timeval *now, void *zone)
{
    return (int)call(__NR_gettimeofday, (long)now, (long)zone, 0);
}

/* A call for sockets: by itself, or as a part of one for all of them, which is what many architectures had
 * before Linux 4.3 (socketcall(2)). */
static long on_sockets(long number, long part, long a, long b, long c, long d, long e)
{
    long result = checked(vl_call(number, a, b, c, d, e, 0));
#ifdef __NR_socketcall
    if (is_missing(result)) {
        long all[5];
        all[0] = a;
        all[1] = b;
        all[2] = c;
        all[3] = d;
        all[4] = e;
        result = call(__NR_socketcall, part, (long)all, 0);
    }
#else
    (void)part;
#endif
    return result;
}

int socket(int family, int kind, int protocol)
{
    return (int)on_sockets(__NR_socket, SYS_SOCKET, family, kind, protocol, 0, 0);
}

int connect(int socket, const struct sockaddr *to, socklen_t bytes)
{
    return (int)on_sockets(__NR_connect, SYS_CONNECT, socket, (long)to, (long)bytes, 0, 0);
}

int getsockopt(int socket, int level, int option, void *value, socklen_t *bytes)
{
    return (int)on_sockets(__NR_getsockopt, SYS_GETSOCKOPT, socket, level, option, (long)value,
                           (long)bytes);
}

int tcgetattr(int line, struct termios *settings)
{
    return (int)call(__NR_ioctl, line, (long)TCGETS, (long)settings);
}

int tcsetattr(int line, int when, const struct termios *settings)
{
    (void)when;
    return (int)call(__NR_ioctl, line, (long)TCSETS, (long)settings);
}

int cfsetospeed(struct termios *settings, speed_t speed)
{
    settings->c_cflag = (settings->c_cflag & ~(tcflag_t)CBAUD) | speed;
    return 0;
}

/* That of the other direction, as long as nobody says otherwise in CIBAUD. */
int cfsetispeed(struct termios *settings, speed_t speed) { return cfsetospeed(settings, speed); }

int uname(struct utsname *names) { return (int)call(__NR_uname, (long)names, 0, 0); }

/* The processors that the program may use, since Linux 2.5; -1 where nobody says. */
static long processors(void)
{
    unsigned long set[1024 / (8 * sizeof(unsigned long))], word;
    long count = 0;
    unsigned i;
    memset(set, 0, sizeof set);
    if (call(__NR_sched_getaffinity, 0, sizeof set, (long)set) < 0) {
        return -1;
    }
    for (i = 0; i < sizeof set / sizeof *set; ++i) {
        for (word = set[i]; word != 0; word &= word - 1) {
            ++count;
        }
    }
    return count;
}

long sysconf(int what)
{
    unsigned long page;
    if (what == _SC_NPROCESSORS_ONLN) {
        return processors();
    }
    page = getauxval(AT_PAGESZ);
    return page != 0 ? (long)page : USUAL_PAGE;
}

void signal(int number, void (*action)(int))
{
    /* struct sigaction, which begins with the action, or on MIPS with flags and then the action, and is no
     * longer than this anywhere. */
    long all[32];
    long result;
    memset(all, 0, sizeof all);
#ifdef __mips__
    all[1] = (long)action;
#else
    all[0] = (long)action;
#endif
#ifdef __sparc__
    /* What returns from a handler, and then the size of a set of signals. */
    result = checked(vl_call(__NR_rt_sigaction, number, (long)all, 0, 0, SIGNAL_SET_BYTES, 0));
#else
    result = checked(vl_call(__NR_rt_sigaction, number, (long)all, 0, SIGNAL_SET_BYTES, 0, 0));
#endif
#ifdef __NR_signal
    if (is_missing(result)) {
        call(__NR_signal, number, (long)action, 0);
    }
#else
    (void)result;
#endif
}

long vl_syscall(long number, long a, long b, long c) { return call(number, a, b, c); }

/* Memory is the kernel's pages: the program asks for it four times. Its length comes first. */
union block {
    size_t bytes;
    double aligned[2];
};

void *malloc(size_t bytes)
{
    union block *block;
    bytes += sizeof *block;
    block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        return NULL;
    }
    block->bytes = bytes;
    return block + 1;
}

/* What the kernel gives is zeroed. */
void *calloc(size_t count, size_t bytes) { return malloc(count * bytes); }

void free(void *memory)
{
    union block *block = memory;
    if (block != NULL) {
        munmap(block - 1, block[-1].bytes);
    }
}
