#include "texts.h"

#include "json/json_token.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

/* -- options -- */

static enum text_rule rule_of(const struct sl_instance *self, const char *option)
{
    struct sl_string choice = sl_option_string(self, option);
    if (json_text_is((struct json_text){choice.data, choice.len}, "refuse"))
        return TEXT_REFUSE;
    return json_text_is((struct json_text){choice.data, choice.len}, "remove") ? TEXT_REMOVE
                                                                               : TEXT_ALLOW;
}

/* PCRE2's own dialect. NULL after host->fail. */
static pcre2_code *compile_option_pattern(struct sl_instance *self, const char *option,
                                          struct sl_string pattern)
{
    int number;
    PCRE2_SIZE offset;
    unsigned char message[120];
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len,
                                     MATCHER_COMPILE | PCRE2_UCP, &number, &offset, NULL);
    if (code != NULL) {
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without, it is slower but works */
        return code;
    }
    pcre2_get_error_message(number, message, sizeof message);
    (void)sl_fail(self, "%s: \"%.*s\" is not a pattern: %s, at its character %zu", option,
                  (int)pattern.len, pattern.data, (const char *)message, (size_t)offset + 1);
    return NULL;
}

static int read_denied(struct texts *texts, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, "deny_patterns");
    size_t count = host->value_count(list);
    if (count > DENIED_MAX)
        return sl_fail(self, "deny_patterns has %zu patterns, but %d is the most", count,
                       DENIED_MAX);
    if (count == 0)
        return 0;
    texts->denied = host->allocate(count * sizeof(pcre2_code *));
    if (texts->denied == NULL)
        return sl_fail(self, "there is no memory for deny_patterns");
    for (size_t i = 0; i < count; i++) {
        texts->denied[i] = compile_option_pattern(self, "deny_patterns",
                                                  host->value_string(host->value_at(list, i)));
        if (texts->denied[i] == NULL)
            return SL_ERROR;
        texts->denied_count++;
    }
    return 0;
}

static int read_allowed(struct texts *texts, struct sl_instance *self)
{
    if (self->host->option(self, "allow_pattern") == NULL)
        return 0;
    texts->allowed =
        compile_option_pattern(self, "allow_pattern", sl_option_string(self, "allow_pattern"));
    return texts->allowed != NULL ? 0 : SL_ERROR;
}

int texts_init(struct texts *texts, struct sl_instance *self)
{
    *texts = (struct texts){.control = rule_of(self, "control_characters"),
                            .bidi = rule_of(self, "bidi_controls"),
                            .require_nfc = sl_option_bool(self, "require_nfc")};
    if (read_denied(texts, self) == 0 && read_allowed(texts, self) == 0)
        return 0;
    texts_deinit(texts, self->host);
    return SL_ERROR;
}

void texts_deinit(struct texts *texts, const struct sl_host *host)
{
    pcre2_code_free(texts->allowed);
    for (size_t i = 0; i < texts->denied_count; i++)
        pcre2_code_free(texts->denied[i]);
    host->release(texts->denied);
    *texts = (struct texts){0};
}

bool texts_ask(const struct texts *texts)
{
    return texts->control != TEXT_ALLOW || texts->bidi != TEXT_ALLOW || texts->require_nfc ||
           texts->denied_count > 0;
}

/* -- characters -- */

/* C0, DEL and C1 but for tab and line ends. */
static bool is_control(uint32_t point)
{
    bool is_line = point == '\t' || point == '\n' || point == '\r';
    return (point < 0x20 && !is_line) || (point >= 0x7f && point < 0xa0);
}

/* Characters that change the direction in which text is displayed: the Bidi_Control property (UAX
 * #9). */
static bool is_bidi(uint32_t point)
{
    return point == 0x61c || point == 0x200e || point == 0x200f ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* Where combining characters begin: text below this is always in normal form C (UAX #15). */
#define FIRST_COMBINING 0x300

/* What is in a text, found in one pass. */
struct content_of_text {
    bool control;
    bool bidi;
    bool combines; /* it may be in another normal form */
};

/* Steps over printable ASCII, eight bytes at a time. */
static size_t skip_printable(struct json_text text, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    for (uint64_t word; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        uint64_t del = word ^ ones * 0x7f;
        if ((((word - ones * 0x20) | (del - ones) | word) & highs) != 0)
            break;
    }
    return at;
}

static struct content_of_text look_at(struct json_text text)
{
    struct content_of_text found = {.control = false};
    for (size_t i = skip_printable(text, 0); i < text.len; i = skip_printable(text, i)) {
        uint32_t point = (unsigned char)text.data[i];
        size_t step = point < 0x80 ? 1 : utf8_decode(text.data + i, text.len - i, &point);
        found.control |= is_control(point);
        found.bidi |= is_bidi(point);
        found.combines |= point >= FIRST_COMBINING;
        i += step > 0 ? step : 1;
    }
    return found;
}

static bool is_nfc(struct json_text text)
{
    size_t len = 0;
    uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text.data, text.len, NULL, &len);
    bool same = normal != NULL && len == text.len && memcmp(normal, text.data, len) == 0;
    free(normal);
    return same;
}

static size_t copy_clean(const struct texts *texts, struct json_text text, char *out)
{
    char *to = out;
    for (size_t i = 0; i < text.len;) {
        uint32_t point = 0;
        size_t step = utf8_decode(text.data + i, text.len - i, &point);
        bool removed = (texts->control == TEXT_REMOVE && is_control(point)) ||
                       (texts->bidi == TEXT_REMOVE && is_bidi(point));
        step = step > 0 ? step : 1;
        memcpy(to, text.data + i, removed ? 0 : step);
        to += removed ? 0 : step;
        i += step;
    }
    return (size_t)(to - out);
}

static bool clean_text(const struct texts *texts, struct arena *arena, struct json_text *text,
                       struct refusal *refusal)
{
    char *copy = arena_alloc(arena, text->len + 1);
    if (copy == NULL)
        return refusal_of_json(refusal, JSON_NO_MEMORY, 0, NULL);
    *text = (struct json_text){copy, copy_clean(texts, *text, copy)};
    return true;
}

/* Refuses or removes characters. The normal form is checked last, since removing a character
 * between two others may combine them. */
static bool check_characters(const struct texts *texts, struct arena *arena, struct json_text *text,
                             bool is_name, bool *is_cleaned, struct refusal *refusal)
{
    struct content_of_text found = look_at(*text);
    enum text_rule control = found.control ? texts->control : TEXT_ALLOW;
    enum text_rule bidi = found.bidi ? texts->bidi : TEXT_ALLOW;
    if (control == TEXT_REFUSE || (control == TEXT_REMOVE && is_name))
        return refusal_set(refusal, REFUSAL_WRONG_TEXT, "A text holds control characters");
    if (bidi == TEXT_REFUSE || (bidi == TEXT_REMOVE && is_name))
        return refusal_set(refusal, REFUSAL_WRONG_TEXT,
                           "A text holds characters that change its direction");
    *is_cleaned = control == TEXT_REMOVE || bidi == TEXT_REMOVE;
    if (*is_cleaned && !clean_text(texts, arena, text, refusal))
        return false;
    return !texts->require_nfc || !found.combines || is_nfc(*text) ||
           refusal_set(refusal, REFUSAL_WRONG_TEXT, "A text is not in Unicode's normal form C");
}

/* -- checking -- */

static bool too_long(struct refusal *refusal)
{
    return refusal_set(refusal, REFUSAL_TOO_COMPLEX, "A pattern takes too long on this text");
}

bool texts_check_whole(const struct texts *texts, struct matcher *matcher, struct json_text message,
                       struct refusal *refusal)
{
    enum match match =
        texts->allowed == NULL ? MATCH_YES : matcher_match(matcher, texts->allowed, message);
    if (match == MATCH_TOO_LONG)
        return too_long(refusal);
    return match == MATCH_YES ||
           refusal_set(refusal, REFUSAL_PATTERN, "The message is not of the form it has to have");
}

bool texts_check(const struct texts *texts, struct matcher *matcher, struct arena *arena,
                 struct json_text *text, bool is_name, bool *is_cleaned, struct refusal *refusal)
{
    if (!check_characters(texts, arena, text, is_name, is_cleaned, refusal))
        return false;
    for (size_t i = 0; i < texts->denied_count; i++) {
        enum match match = matcher_match(matcher, texts->denied[i], *text);
        if (match == MATCH_TOO_LONG)
            return too_long(refusal);
        if (match == MATCH_YES)
            return refusal_set(refusal, REFUSAL_PATTERN, "A text holds what it must not hold");
    }
    return true;
}
