/*
 * strdup, strndup and aligned_alloc that ask the test's malloc. A file of its own, for tests whose
 * malloc is their own.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    char *volatile asked = malloc(size); /* volatile: or the compiler leaves both calls out */
    bool is_there = asked != NULL;
    free(asked);
    return is_there ? __real_aligned_alloc(alignment, size) : NULL;
}

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
