/*
 * Feeds text to origin's parser, as a header and as a pattern.
 *
 * Besides the sanitizers: what was read means the same when it is written and read again, an origin
 * matches itself, and no pattern with a wildcard matches the name behind the wildcard.
 */
#include "../../plugins/origin/origin_pattern.c"

#include <stdlib.h>

static void check_round_trip(const struct origin *origin)
{
    char text[sizeof origin->scheme + sizeof origin->host + 16];
    struct origin again;
    int len =
        origin->port > 0
            ? snprintf(text, sizeof text, "%s://%s:%u", origin->scheme, origin->host, origin->port)
            : snprintf(text, sizeof text, "%s://%s", origin->scheme, origin->host);
    if (origin_parse((struct sl_string){text, (size_t)len}, &again) != NULL ||
        !origin_matches(&again, origin) || !origin_matches(origin, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_string text = {(const char *)data, size};
    struct origin origin, pattern;
    const char *wrong = origin_parse(text, &origin);
    if (wrong == NULL)
        check_round_trip(&origin);
    else if (strlen(wrong) == 0)
        abort();
    if (origin_parse_pattern(text, &pattern) != NULL)
        return 0;
    if (!pattern.any_label) {
        check_round_trip(&pattern);
    } else {
        struct origin bare = pattern;
        bare.any_label = false;
        check_round_trip(&bare);
        if (wrong == NULL || origin_matches(&pattern, &bare))
            abort();
    }
    return 0;
}
