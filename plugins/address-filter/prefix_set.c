#include "prefix_set.h"

#include <sluice/address.h>
#include <stdlib.h>

#define DEPTH_MAX 129 /* prefixes can be inside each other once for each length */

void prefix_set_init(struct prefix_set *set, const struct sl_host *host, size_t most)
{
    *set = (struct prefix_set){.host = host, .most = most};
}

void prefix_set_deinit(struct prefix_set *set)
{
    set->host->release(set->prefixes);
    set->host->release(set->ranges);
    *set = (struct prefix_set){.host = set->host};
}

static uint64_t read_half(const uint8_t bytes[8])
{
    uint64_t half = 0;
    for (int i = 0; i < 8; i++)
        half = half << 8 | bytes[i];
    return half;
}

static int compare_addresses(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low)
{
    if (high != other_high)
        return high < other_high ? -1 : 1;
    return low < other_low ? -1 : low > other_low;
}

/* The bits of an address that a prefix of that length does not fix. */
static void host_bits(unsigned length, uint64_t *high, uint64_t *low)
{
    *high = length >= 64 ? 0 : UINT64_MAX >> length;
    *low = length >= 128 ? 0 : length <= 64 ? UINT64_MAX : UINT64_MAX >> (length - 64);
}

static bool reserve_prefix(struct prefix_set *set)
{
    if (set->count < set->capacity)
        return true;
    size_t capacity = set->capacity == 0 ? 64 : set->capacity * 2;
    struct prefix *grown = set->host->reallocate(set->prefixes, capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    set->prefixes = grown;
    set->capacity = capacity;
    return true;
}

const char *prefix_set_add(struct prefix_set *set, const char *text, size_t len,
                           enum prefix_verdict verdict, char error[PREFIX_ERROR_SIZE])
{
    struct sl_prefix parsed;
    const char *wrong = sl_prefix_parse(text, len, &parsed, error);
    if (wrong != NULL)
        return wrong;
    if (set->count == set->most)
        return "is one more than max_prefixes";
    if (!reserve_prefix(set))
        return "finds no memory";
    set->prefixes[set->count++] = (struct prefix){.high = read_half(parsed.bytes),
                                                  .low = read_half(parsed.bytes + 8),
                                                  .length = parsed.length,
                                                  .verdict = (uint8_t)verdict};
    return NULL;
}

/* -- sealing -- */

/* Sorts by the beginning, then shorter (outer) prefixes first, then deny last, so that it wins. */
static int compare_prefixes(const void *left, const void *right)
{
    const struct prefix *a = left;
    const struct prefix *b = right;
    int by_address = compare_addresses(a->high, a->low, b->high, b->low);
    if (by_address != 0)
        return by_address;
    return a->length != b->length ? (a->length < b->length ? -1 : 1) : a->verdict - b->verdict;
}

static bool prefix_holds(const struct prefix *prefix, uint64_t high, uint64_t low)
{
    uint64_t free_high, free_low;
    host_bits(prefix->length, &free_high, &free_low);
    return (high & ~free_high) == prefix->high && (low & ~free_low) == prefix->low;
}

/* The address behind a prefix. False if it reaches the last address there is. */
static bool address_after(const struct prefix *prefix, uint64_t *high, uint64_t *low)
{
    uint64_t free_high, free_low;
    host_bits(prefix->length, &free_high, &free_low);
    *high = prefix->high | free_high;
    *low = prefix->low | free_low;
    if (++*low == 0)
        ++*high;
    return *high != 0 || *low != 0;
}

/* A range that begins where the previous one does replaces it; a range with the previous one's
 * verdict adds nothing. */
static void append_range(struct prefix_set *set, uint64_t high, uint64_t low, uint8_t verdict)
{
    struct range *last = set->range_count > 0 ? &set->ranges[set->range_count - 1] : NULL;
    if (last != NULL && last->high == high && last->low == low) {
        set->range_count--;
        last = set->range_count > 0 ? last - 1 : NULL;
    }
    if (last != NULL && last->verdict == verdict)
        return;
    set->ranges[set->range_count++] = (struct range){high, low, verdict};
}

/* Closes the open prefixes that do not hold `next` (NULL: all of them). Where one ends, the prefix
 * around it continues. */
static void close_until(struct prefix_set *set, const struct prefix **open, size_t *depth,
                        const struct prefix *next)
{
    uint64_t high, low;
    while (*depth > 0 && (next == NULL || !prefix_holds(open[*depth - 1], next->high, next->low))) {
        const struct prefix *ended = open[--*depth];
        if (address_after(ended, &high, &low))
            append_range(set, high, low, *depth > 0 ? open[*depth - 1]->verdict : PREFIX_NONE);
    }
}

int prefix_set_seal(struct prefix_set *set)
{
    const struct prefix *open[DEPTH_MAX];
    size_t depth = 0;
    set->ranges = set->host->allocate((2 * set->count + 1) * sizeof *set->ranges);
    if (set->ranges == NULL)
        return -1;
    if (set->count > 0)
        qsort(set->prefixes, set->count, sizeof *set->prefixes, compare_prefixes);
    append_range(set, 0, 0, PREFIX_NONE);
    for (size_t i = 0; i < set->count; i++) {
        const struct prefix *prefix = &set->prefixes[i];
        close_until(set, open, &depth, prefix);
        /* Two prefixes of one length that nest are the same prefix: the later verdict replaces the
         * first. */
        if (depth > 0 && open[depth - 1]->length == prefix->length)
            depth--;
        append_range(set, prefix->high, prefix->low, prefix->verdict);
        open[depth++] = prefix;
    }
    close_until(set, open, &depth, NULL);
    set->host->release(set->prefixes);
    set->prefixes = NULL;
    struct range *fitted =
        set->host->reallocate(set->ranges, set->range_count * sizeof *set->ranges);
    if (fitted != NULL)
        set->ranges = fitted;
    return 0;
}

enum prefix_verdict prefix_set_find(const struct prefix_set *set, const uint8_t address[16])
{
    uint64_t high = read_half(address);
    uint64_t low = read_half(address + 8);
    size_t first = 0; /* The range that holds the address is in [first, first + count). */
    size_t count = set->range_count;
    while (count > 1) {
        size_t half = count / 2;
        const struct range *middle = &set->ranges[first + half];
        if (compare_addresses(middle->high, middle->low, high, low) <= 0) {
            first += half;
            count -= half;
        } else {
            count = half;
        }
    }
    return (enum prefix_verdict)set->ranges[first].verdict;
}
