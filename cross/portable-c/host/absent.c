/*
 * Imports of the module that fail where there is no operating system to ask: random numbers, folders, new
 * files, a network. Included by the systems without.
 */
#include "host.h"

u32 Z_envZ_vh_entropy(u32 to, u32 length)
{
    (void)to, (void)length;
    return FAILED;
}

u32 Z_envZ_vh_entry(u32 folder, u32 length, u32 index, u32 to, u32 room)
{
    (void)folder, (void)length, (void)index, (void)to, (void)room;
    return FAILED;
}

u32 Z_envZ_vh_create_file(u32 name, u32 length, u32 from, u32 count)
{
    (void)name, (void)length, (void)from, (void)count;
    return FAILED;
}

u32 Z_envZ_vh_connect(u32 host, u32 length, u32 port, u32 ms)
{
    (void)host, (void)length, (void)port, (void)ms;
    return FAILED;
}

u32 Z_envZ_vh_ask(u32 host, u32 length, u32 port, u32 question, u32 count, u32 to, u32 room, u32 ms)
{
    (void)host, (void)length, (void)port, (void)question, (void)count, (void)to, (void)room, (void)ms;
    return FAILED;
}
