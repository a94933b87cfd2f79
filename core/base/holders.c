#include "base/holders.h"

#define SMALLEST_SHIFT 6u /* up to 63 bytes are one class */
#define STEP_BITS 2u      /* four classes to each power of two */

_Static_assert(HOLDERS_CLASSES <= UINT8_MAX + 1, "a holder's class fits into one byte");

unsigned holders_class(size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (bytes < (size_t)1 << SMALLEST_SHIFT)
        return 1;
    unsigned shift = 63u - (unsigned)__builtin_clzll(bytes);
    unsigned step = (unsigned)(bytes >> (shift - STEP_BITS)) & ((1u << STEP_BITS) - 1);
    unsigned class = ((shift - SMALLEST_SHIFT) << STEP_BITS) + step + 2;
    return class < HOLDERS_CLASSES ? class : HOLDERS_CLASSES - 1;
}

void holders_note(struct holders *holders, uint8_t *class, size_t bytes)
{
    unsigned now = holders_class(bytes);
    if (now == *class)
        return;
    if (*class > 0)
        counter_add(&holders->count[*class], (uint64_t)-1);
    if (now > 0)
        counter_add(&holders->count[now], 1);
    *class = (uint8_t)now;
}

unsigned holders_highest(const struct holders *holders)
{
    unsigned class = HOLDERS_CLASSES - 1;
    while (class > 0 && counter_read(&holders->count[class]) == 0)
        class --;
    return class;
}

/* What a holder of the class, or of the one behind the last, holds at least. */
static size_t least_bytes(unsigned class)
{
    if (class < 2)
        return class;
    unsigned above = class - 2;
    size_t steps = ((size_t)1 << STEP_BITS) + (above & ((1u << STEP_BITS) - 1));
    return steps << (SMALLEST_SHIFT - STEP_BITS + (above >> STEP_BITS));
}

unsigned holders_needed(const struct holders *holders, size_t bytes)
{
    unsigned lowest = holders_highest(holders);
    for (unsigned class = HOLDERS_CLASSES - 1; class > 0; class --) {
        uint64_t count = counter_read(&holders->count[class]);
        size_t most = least_bytes(class + 1) - 1;
        if (count > bytes / most)
            break;
        bytes -= (size_t)count * most;
        lowest = count > 0 ? class : lowest;
    }
    return lowest;
}
