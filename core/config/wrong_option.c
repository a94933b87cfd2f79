#include "config/wrong_option.h"

#include "config/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 64 /* of what is quoted */

static bool takes_no_value(const struct option *known, int value)
{
    while (known->name != NULL && known->val != value)
        known++;
    return known->name != NULL && known->has_arg == no_argument;
}

/* Whether it was a long one. Of letters that stand together, getopt_long is not past the argument
 * until the last one. */
static bool is_long_option(const struct option *known, const char *last, int result)
{
    if (optopt == 0)
        return true;
    bool has_dashes = strncmp(last, "--", 2) == 0;
    return has_dashes &&
           (result == ':' || (strchr(last, '=') != NULL && takes_no_value(known, optopt)));
}

static const char *nearest_option(const struct option *known, const char *name)
{
    struct suggestion suggestion = suggest_begin(name);
    for (; known->name != NULL; known++)
        suggest_offer(&suggestion, known->name);
    return suggestion.nearest;
}

void wrong_option_describe(const struct option *known, char *const *argv, int result, char *text,
                           size_t size)
{
    char word[WORD_MAX + 1];
    const char *last = argv[optind - 1];
    bool is_long = is_long_option(known, last, result);
    if (is_long)
        snprintf(word, sizeof word, "%.*s", (int)strcspn(last, "="), last);
    else
        snprintf(word, sizeof word, "-%c", optopt);
    const char *nearest = is_long ? nearest_option(known, word + 2) : NULL;
    if (result == ':')
        snprintf(text, size, "%s needs a value", word);
    else if (is_long && optopt != 0)
        snprintf(text, size, "%s takes no value", word);
    else if (nearest != NULL)
        snprintf(text, size, "there is no option '%s'; did you mean '--%s'?", word, nearest);
    else
        snprintf(text, size, "there is no option '%s'", word);
}
