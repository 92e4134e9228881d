/* For the Makefile: whether the compiler makes code for a machine with the high byte first. */
#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
big_endian_here
#endif
#elif defined(__BIG_ENDIAN__) || defined(_BIG_ENDIAN) || defined(__sparc) || defined(__hppa) || \
    defined(__m68k__) || defined(_MIPSEB) || defined(__POWERPC__)
big_endian_here
#endif
