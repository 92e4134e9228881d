/*
 * The first program of an emulated machine: mounts what the miner reads, and becomes the miner. What the kernel was
 * told behind `--` are the miner's arguments. When the miner ends the kernel has no first program left, and starts the
 * machine again at once (`panic=-1`), which the emulator takes for its end (`-no-reboot`).
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    static char miner[] = "/miner";
    static char *const environment[] = {"HOME=/", NULL};
    (void)count;
    /* Without them the miner measures all the same, and says less of where it is. */
    (void)mkdir("/proc", 0555);
    (void)mkdir("/sys", 0555);
    (void)mount("proc", "/proc", "proc", 0, NULL);
    (void)mount("sysfs", "/sys", "sysfs", 0, NULL);
    arguments[0] = miner;
    (void)execve(miner, arguments, environment);
    return 1;
}
