#include "base/public_url.h"

#include <stdbool.h>
#include <string.h>

/* The length of what stands before the authority: "ws://", "//", or nothing. */
static size_t scheme_len(const char *text)
{
    size_t len = strcspn(text, "/?#");
    bool is_before_authority = len == 0 || text[len - 1] == ':';
    return is_before_authority && strncmp(text + len, "//", 2) == 0 ? len + 2 : 0;
}

/* The length of "user:password@" at the beginning of an authority. */
static size_t user_info_len(const char *authority)
{
    size_t end = strcspn(authority, "/?#");
    while (end > 0 && authority[end - 1] != '@')
        end--;
    return end;
}

/* Appends to `shown`, which has `used` bytes. Returns how many it has then. */
static size_t append(char *shown, size_t size, size_t used, const char *from, size_t len)
{
    size_t room = size - 1 - used;
    len = len < room ? len : room;
    memcpy(shown + used, from, len);
    return used + len;
}

void public_url(const char *text, char *shown, size_t size)
{
    size_t scheme = scheme_len(text);
    const char *host = text + scheme + user_info_len(text + scheme);
    size_t used = append(shown, size, 0, text, scheme);
    used = append(shown, size, used, host, strcspn(host, "?#"));
    shown[used] = '\0';
}
