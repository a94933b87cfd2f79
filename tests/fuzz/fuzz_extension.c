/*
 * Fuzzes the negotiation of permessage-deflate: each line of the input is the value of one
 * Sec-WebSocket-Extensions header. What is answered is one of the few answers that there are, and
 * what makes no difference (blanks around the values) makes none.
 */
#include "ws/extension.h"
#include "ws/request.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 16
#define VALUE_MAX 4096

static void require(bool condition)
{
    if (!condition)
        abort();
}

static enum deflate_window negotiate(const char *const *values, size_t count, const char **answer)
{
    const char *names[HEADERS_MAX];
    struct request *request = NULL;
    for (size_t i = 0; i < count; i++)
        names[i] = "Sec-WebSocket-Extensions";
    const struct request_source source = {.method = "GET",
                                          .http_version = "1.1",
                                          .path = "/",
                                          .header_count = count,
                                          .header_names = names,
                                          .header_values = values};
    require(request_create(&source, &request) == OK);
    enum deflate_window window = extension_negotiate(request, answer);
    request_destroy(request);
    return window;
}

static size_t split_lines(char *text, const char **lines)
{
    size_t count = 0;
    while (count < HEADERS_MAX && text != NULL)
        lines[count++] = strsep(&text, "\n");
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char padded[HEADERS_MAX][VALUE_MAX + 8];
    const char *values[HEADERS_MAX], *again[HEADERS_MAX], *answer, *same;
    char *text = strndup((const char *)data, size);
    if (text == NULL || size > VALUE_MAX) {
        free(text);
        return 0;
    }
    size_t count = split_lines(text, values);
    enum deflate_window window = negotiate(values, count, &answer);
    require((window == DEFLATE_WINDOW_NONE) == (answer == NULL));
    if (answer != NULL) {
        require(strncmp(answer, "permessage-deflate; ", 20) == 0);
        require((strstr(answer, "=9") != NULL) == (window == DEFLATE_WINDOW_SMALL));
        require(strstr(text, "permessage-deflate") != NULL || count > 1);
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(padded[i], sizeof padded[i], " \t%s ", values[i]);
        again[i] = padded[i];
    }
    require(negotiate(again, count, &same) == window && same == answer);
    free(text);
    return 0;
}
