#include "config/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 48 /* longer than any known name: beyond it nothing is near */

struct suggestion suggest_begin(const char *word)
{
    return (struct suggestion){.word = word};
}

/* Case and the kind of dash are no difference worth counting. */
static int folded(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours (the restricted Damerau-Levenshtein
 * distance) that turn `a` into `b`; rows hold the distances of a's first 0..n letters. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            int x = folded(a[i - 1]), y = folded(b[j - 1]);
            row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == folded(b[j - 2]) && folded(a[i - 2]) == y &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *unused = before;
        before = last;
        last = row;
        row = unused;
    }
    return last[b_len];
}

/* One slip in three letters is a misspelling; more is another word. */
static size_t cut_off(size_t len)
{
    return len < 3 ? 1 : (len + 1) / 3;
}

/* "warning" for "warn", "config" for "configuration": one is how the other begins. */
static bool is_cut_short(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t shorter = a_len < b_len ? a_len : b_len;
    return shorter >= 3 && strncasecmp(a, b, shorter) == 0;
}

void suggest_offer(struct suggestion *suggestion, const char *name)
{
    size_t word_len = strlen(suggestion->word), name_len = strlen(name);
    if (word_len == 0 || word_len > WORD_MAX || name_len > WORD_MAX)
        return;
    size_t distance = edit_distance(suggestion->word, word_len, name, name_len);
    size_t longer = word_len > name_len ? word_len : name_len;
    if (is_cut_short(suggestion->word, word_len, name, name_len))
        distance = distance < cut_off(longer) ? distance : cut_off(longer);
    if (distance > cut_off(longer) || distance >= longer)
        return;
    if (suggestion->nearest == NULL || distance < suggestion->distance) {
        suggestion->nearest = name;
        suggestion->distance = distance;
    }
}
