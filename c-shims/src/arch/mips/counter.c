/*
 * The cycle counter of release 2: hardware register CC, 32 bits, which counts every CCRes cycles.
 *
 * References: MIPS32 Architecture volume II, "RDHWR" (an exception where the system does not allow
 * the register: Linux allows 0 to 3); volume III, "Count". Older processors have Count for the
 * kernel alone.
 *
 * Some cores have no Count, some systems stop it, and QEMU's user mode answers the same number
 * every time. So it counts as a counter only if it is seen to count over a loop, for which see
 * vg_look_for_counter; otherwise there is none and the caller takes the system's clock.
 *
 * Without an operating system (VG_PRIVILEGED) nothing forbids the registers, and Count itself (coprocessor 0,
 * register 9, since the R4000) is read directly.
 */
#if VG_RELEASE >= 2 && (defined(__linux__) || defined(VG_PRIVILEGED))
#define VG_HAS_RDHWR 1
#else
#define VG_HAS_RDHWR 0
#endif
#if defined(VG_PRIVILEGED) && (__mips >= 3)
#define VG_READ_COUNT(value) __asm__ __volatile__("mfc0 %0, $9" : "=r"(value) : : "memory")
#elif VG_HAS_RDHWR
#define VG_READ_COUNT(value) __asm__ __volatile__("sync\n\trdhwr %0, $" VG_CC : "=r"(value) : : "memory")
#endif

/* Whether the counter counts; vg_start looks. */
static int vg_counter_counts = 0;

int vg_counter_bits(void) { return vg_counter_counts ? 32 : 0; }

/* Hardware registers. */
#define VG_SYNCI_STEP "1"
#define VG_CC "2"
#define VG_CC_RESOLUTION "3"

#define VG_RDHWR(value, number) __asm__ __volatile__("rdhwr %0, $" number : "=r"(value))

#if defined(VG_READ_COUNT)

/* Additions in a loop that take at least this many cycles: one waits for the other. */
#define VG_LOOK_TURNS 4096u
/* Cycles between two steps that any core states (it is 1 to 4), with room. */
#define VG_LOOK_RESOLUTION 16u
/* Steps that must be seen. Nothing takes Count from a program that has the processor to itself: there it counts if
 * it moves at all, and the node sees at what rate. */
#if defined(VG_PRIVILEGED)
#define VG_LOOK_STEPS 1u
#else
#define VG_LOOK_STEPS (VG_LOOK_TURNS / VG_LOOK_RESOLUTION)
#endif
/* Runs of the loop, each of which must be seen. */
#define VG_LOOK_RUNS 4

/* Steps of the counter over the loop. */
static vg_u32 vg_counter_over_loop(void)
{
    vg_u32 turns = VG_LOOK_TURNS, before, after;
    VG_READ_COUNT(before);
    do {
        __asm__ __volatile__("" : "+r"(turns));
    } while (--turns);
    VG_READ_COUNT(after);
    return after - before;
}

/* A counter has made at least VG_LOOK_STEPS steps forward in every run, and
 * not half its width, which would be backward. */
static int vg_look_for_counter(void)
{
    int run;
    for (run = 0; run < VG_LOOK_RUNS; run++) {
        vg_u32 steps = vg_counter_over_loop();
        if (steps < VG_LOOK_STEPS || steps >= 0x80000000u) {
            return 0;
        }
    }
    return 1;
}

void vg_counter(vg_u32 *now)
{
    VG_READ_COUNT(now[0]);
    now[1] = 0;
}

#else

static int vg_look_for_counter(void) { return 0; }

void vg_counter(vg_u32 *now)
{
    now[0] = 0;
    now[1] = 0;
}

#endif
