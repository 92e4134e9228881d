/*
 * What host/system.c takes of POSIX, for a program without a C library: types and constants as the kernel of
 * Linux has them in its own headers, and the functions of calls.c.
 */
#ifndef VERDIGRIS_LINUX_POSIX_H
#define VERDIGRIS_LINUX_POSIX_H

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <asm/socket.h>
#include <asm/termios.h>
#include <asm/unistd.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mman.h>
#include <linux/posix_types.h>
#include <linux/time.h>
#include <linux/utsname.h>
#include <stddef.h>

/* Not among the headers that the kernel gives away: include/linux/socket.h, include/linux/net.h, fs.h. */
#define AF_INET 2
#define AF_INET6 10
#if defined(__mips__)
#define SOCK_STREAM 2
#define SOCK_DGRAM 1
#else
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#endif
#define SEEK_SET 0

#define MAP_FAILED ((void *)-1)

typedef long off_t;
typedef long ssize_t;
typedef unsigned socklen_t;

extern int errno;

int open(const char *name, int flags, int mode);
int close(int file);
ssize_t read(int file, void *to, size_t room);
ssize_t write(int file, const void *from, size_t bytes);
off_t lseek(int file, off_t offset, int from);
int fsync(int file);
int ftruncate(int file, off_t bytes);
int unlink(const char *name);
int fcntl(int file, int what, int value);

/* Only what is asked for. */
struct vl_stat {
    unsigned long st_mode;
};
#define stat vl_stat
int fstat(int file, struct stat *about);
/* inode(7) */
#define S_ISCHR(mode) (((mode) & 0170000) == 0020000)

/* A folder that is being read; there is one at a time. */
typedef int DIR;
struct dirent {
    char d_name[256];
};
DIR *opendir(const char *name);
struct dirent *readdir(DIR *folder);
int closedir(DIR *folder);

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
int munmap(void *at, size_t bytes);
int mprotect(void *at, size_t bytes, int protection);

/* The time left is not given back. */
typedef __kernel_fd_set fd_set;
#define FD_SETSIZE __FD_SETSIZE
#define VL_SET_BITS (8 * (int)sizeof(unsigned long))
#define FD_ZERO(set) memset((set), 0, sizeof *(set))
#define FD_SET(file, set) ((set)->fds_bits[(file) / VL_SET_BITS] |= 1ul << (file) % VL_SET_BITS)
int select(int files, fd_set *reading, fd_set *writing, fd_set *failing, struct timeval *limit);
int clock_gettime(int clock, struct timespec *now);
int gettimeofday(struct timeval *now, void *zone);

struct sockaddr {
    __kernel_sa_family_t sa_family;
    char sa_data[14];
};
int socket(int family, int kind, int protocol);
int connect(int socket, const struct sockaddr *to, socklen_t bytes);
int getsockopt(int socket, int level, int option, void *value, socklen_t *bytes);
#if WABT_BIG_ENDIAN
#define htons(port) (port)
#else
#define htons(port) ((unsigned short)((port) << 8 | (port) >> 8))
#endif

int tcgetattr(int line, struct termios *settings);
int tcsetattr(int line, int when, const struct termios *settings);
#ifndef TCSANOW
#define TCSANOW 0
#endif
int cfsetispeed(struct termios *settings, speed_t speed);
int cfsetospeed(struct termios *settings, speed_t speed);

#define utsname new_utsname
int uname(struct utsname *names);

#define _SC_PAGESIZE 0
#define _SC_NPROCESSORS_ONLN 1
long sysconf(int what);

/* Only SIG_IGN is asked for. */
void signal(int number, void (*action)(int));

/* Of three arguments. */
#define SYS_memfd_create __NR_memfd_create
#define SYS_getrandom __NR_getrandom
#define syscall(number, a, b, c) vl_syscall((number), (long)(a), (long)(b), (long)(c))
long vl_syscall(long number, long a, long b, long c);

#endif
