/*
 * strdup and strndup that ask the test's malloc. A file of its own, for tests whose malloc is their
 * own.
 */
#include <stdlib.h>
#include <string.h>

char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

char *__wrap_strndup(const char *text, size_t len)
{
    size_t size = strnlen(text, len);
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}
