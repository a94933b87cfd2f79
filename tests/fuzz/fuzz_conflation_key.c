/*
 * Feeds text to the reader of conflation keys. The first byte chooses the pointer.
 *
 * Besides the sanitizers: what stands behind a message's value does not change its key, and white
 * space in front of the message does not either.
 */
#include "delivery/conflation_key.h"

#include <stdlib.h>
#include <string.h>

static uint64_t read_key(const struct conflation_key *key, const uint8_t *data, size_t size)
{
    static const struct siphash_key secret = {{1, 2}};
    return conflation_key_of_json(key, &secret, data, size);
}

static void check_surroundings(const struct conflation_key *key, const uint8_t *data, size_t size)
{
    uint8_t *longer = malloc(size + 2);
    if (longer == NULL)
        abort();
    longer[0] = ' ';
    memcpy(longer + 1, data, size);
    longer[size + 1] = ' ';
    if (read_key(key, longer, size + 1) != read_key(key, data, size))
        abort();
    uint64_t hash = read_key(key, data, size);
    if (hash != CONFLATION_NO_KEY && read_key(key, longer + 1, size + 1) != hash)
        abort();
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const pointers[] = {"/symbol", "/a/b", "/0/a", "/", "/a~1b"};
    if (size == 0)
        return 0;
    struct conflation_key *key =
        conflation_key_create(pointers[data[0] % (sizeof pointers / sizeof pointers[0])]);
    if (key == NULL)
        abort();
    check_surroundings(key, data + 1, size - 1);
    conflation_key_destroy(key);
    return 0;
}
