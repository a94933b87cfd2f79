/*
 * Heads of responses to plugins' HTTP requests, in any state: each header lies in the head, has a
 * name that is one, and a value of one line without blanks around it.
 */
#include "http/http_check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 4096

static struct sl_pair headers[HEADERS_MAX];

static void check(int holds)
{
    if (!holds)
        abort();
}

static void check_text(struct sl_string text, const char *begin, const char *end)
{
    check(text.len == 0 || (text.data >= begin && text.data + text.len <= end));
    check(text.len == 0 || memchr(text.data, '\n', text.len) == NULL);
}

static void check_header(const struct sl_pair *header, const char *begin, const char *end)
{
    struct sl_string value = header->value;
    check(header->name.len > 0 && memchr(header->name.data, ':', header->name.len) == NULL);
    check_text(header->name, begin, end);
    check_text(value, begin, end);
    check(value.len == 0 || strchr(" \t", value.data[0]) == NULL || value.data[0] == '\0');
    check(value.len == 0 || strchr(" \t\r", value.data[value.len - 1]) == NULL ||
          value.data[value.len - 1] == '\0');
}

static void look_up(size_t count)
{
    char name[256];
    struct sl_string found;
    const struct sl_http_response response = {
        .struct_size = sizeof response, .headers = headers, .header_count = count};
    for (size_t i = 0; i < count; i++) {
        if (headers[i].name.len >= sizeof name ||
            memchr(headers[i].name.data, '\0', headers[i].name.len) != NULL)
            continue;
        memcpy(name, headers[i].name.data, headers[i].name.len);
        name[headers[i].name.len] = '\0';
        check(http_header(&response, name, &found));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0, count = 0;
    char *copy = malloc(size); /* Not a byte more. */
    if (copy == NULL || size > HEADERS_MAX) {
        free(copy);
        return 0;
    }
    memcpy(copy, data, size);
    const struct sl_string head = {copy, size};
    while (count < HEADERS_MAX && http_next_header(head, &at, &headers[count]))
        check_header(&headers[count++], copy, copy + size);
    look_up(count);
    free(copy);
    return 0;
}
