/*
 * The first program of an emulated machine: mounts what the miner reads, and becomes the miner. What the kernel was
 * told behind `--` are the miner's arguments. When the miner ends the kernel has no first program left, and starts the
 * machine again at once (`panic=-1`), which the emulator takes for its end (`-no-reboot`).
 *
 * Built with the C library where the cross compiler has one for the target; otherwise (-DWITHOUT_LIBC) with the system
 * calls of the portable C drop.
 */
#ifdef WITHOUT_LIBC
#include "call.h"
#include <asm/unistd.h>

static long mount(const char *what, const char *where, const char *type, unsigned long flags, const void *more)
{
    return vl_call(__NR_mount, (long)what, (long)where, (long)type, (long)flags, (long)more, 0);
}

static long mkdir(const char *path, int mode)
{
    return vl_call(__NR_mkdir, (long)path, mode, 0, 0, 0, 0);
}

static long execve(const char *path, char *const arguments[], char *const environment[])
{
    return vl_call(__NR_execve, (long)path, (long)arguments, (long)environment, 0, 0, 0);
}
#else
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

static char miner[] = "/miner";

static int begin(char **arguments)
{
    static char *const environment[] = {"HOME=/", 0};
    mkdir("/proc", 0555);
    mkdir("/sys", 0555);
    mount("proc", "/proc", "proc", 0, 0);
    mount("sysfs", "/sys", "sysfs", 0, 0);
    arguments[0] = miner;
    execve(miner, arguments, environment);
    return 1;
}

#ifdef WITHOUT_LIBC
/* The kernel leaves the arguments' count here, and their addresses behind it. */
void vl_start(long *stack)
{
    vl_call(__NR_exit, begin((char **)(stack + 1)), 0, 0, 0, 0, 0);
}
#else
int main(int count, char **arguments)
{
    (void)count;
    return begin(arguments);
}
#endif
