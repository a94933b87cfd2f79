/*
 * Feeds text to address-filter's reader of prefix files. The first byte chooses the verdict.
 *
 * Besides the sanitizers: what was read decides, for addresses in the text and next to them, as
 * looking at every prefix does, and errors are sentences.
 */
#include "../../plugins/address-filter/prefix_file.c"
#include "../../plugins/address-filter/prefix_set.c"

#define PREFIXES_MAX 1000

/* The plainest way to find a verdict. */
static enum prefix_verdict look_at_all(const struct prefix *prefixes, size_t count, uint64_t high,
                                       uint64_t low)
{
    const struct prefix *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (prefix_holds(&prefixes[i], high, low) &&
            (best == NULL || prefixes[i].length > best->length))
            best = &prefixes[i];
    return best != NULL ? (enum prefix_verdict)best->verdict : PREFIX_NONE;
}

static void check_address(const struct prefix_set *set, const struct prefix *prefixes, size_t count,
                          uint64_t high, uint64_t low)
{
    uint8_t address[16];
    for (int i = 0; i < 8; i++) {
        address[i] = (uint8_t)(high >> (56 - 8 * i));
        address[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    if (prefix_set_find(set, address) != look_at_all(prefixes, count, high, low))
        abort();
}

static void check_set(struct prefix_set *set)
{
    size_t count = set->count;
    struct prefix *prefixes = malloc((count + 1) * sizeof *prefixes);
    if (prefixes == NULL)
        abort();
    if (count > 0)
        memcpy(prefixes, set->prefixes, count * sizeof *prefixes);
    if (prefix_set_seal(set) != 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        uint64_t high = prefixes[i].high;
        uint64_t low = prefixes[i].low;
        check_address(set, prefixes, count, high, low);
        check_address(set, prefixes, count, high, low + 1);
        check_address(set, prefixes, count, high, low - 1);
        if (address_after(&prefixes[i], &high, &low)) {
            check_address(set, prefixes, count, high, low);
            check_address(set, prefixes, count, low == 0 ? high - 1 : high, low - 1);
        }
    }
    free(prefixes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sl_host host = {
        .struct_size = sizeof host, .allocate = malloc, .reallocate = realloc, .release = free};
    struct prefix_set set;
    char error[PREFIX_FILE_ERROR_SIZE] = "";
    FILE *file = size > 1 ? fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r") : NULL;
    if (file == NULL)
        return 0;
    prefix_set_init(&set, &host, PREFIXES_MAX);
    bool read = read_lines(&set, file, "prefixes", data[0] & 1 ? PREFIX_ALLOW : PREFIX_DENY, error);
    if (read != (error[0] == '\0') || memchr(error, '\0', sizeof error) == NULL)
        abort();
    if (read)
        check_set(&set);
    prefix_set_deinit(&set);
    fclose(file);
    return 0;
}
