/*
 * Request heads in any state: whatever is normal once is decided, and normal a second time.
 */
#include "front/request_head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_head head;
    struct head_progress progress = {0};
    char *bytes = malloc(size + 1); /* A byte more, so that there is one. */
    if (bytes == NULL)
        return 0;
    memcpy(bytes, data, size);
    size_t len = size;
    if (head_normalize(bytes, &len, &head) == HEAD_FINE) {
        size_t again = len;
        check(len <= size && head_is_decided(data, size, &progress));
        check(strlen(head.authority) < HEAD_AUTHORITY_MAX);
        char *copy = malloc(len + 1);
        if (copy != NULL) {
            memcpy(copy, bytes, len);
            check(head_normalize(copy, &again, &head) == HEAD_FINE);
            check(again == len && memcmp(copy, bytes, len) == 0);
        }
        free(copy);
    }
    /* A byte at a time comes to the same as all at once. */
    struct head_progress slow = {0};
    size_t arrived = 0;
    while (arrived < size && !head_is_decided(data, ++arrived, &slow))
        continue;
    struct head_progress whole = {0};
    if (size > 0)
        check(head_is_decided(data, size, &whole) == head_is_decided(data, arrived, &slow));
    free(bytes);
    return 0;
}
