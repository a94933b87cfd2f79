#include "ecma.h"

#include <stdio.h>
#include <string.h>

#define QUANTITY_MAX 65535u /* PCRE2's */
#define INFINITE UINT32_MAX

/* -- reading and writing -- */

void ecma_put(struct ecma *ecma, const char *text)
{
    size_t len = strlen(text);
    if (ecma->out != NULL)
        memcpy(ecma->out + ecma->out_len, text, len);
    ecma->out_len += len;
}

bool ecma_is_alphanumeric(uint32_t character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

void ecma_put_character(struct ecma *ecma, uint32_t character)
{
    char text[16];
    if (character >= 0xd800 && character <= 0xdfff)
        ecma_put(ecma, ECMA_NOTHING);
    else {
        (void)snprintf(text, sizeof text, ecma_is_alphanumeric(character) ? "%c" : "\\x{%x}",
                       (unsigned)character);
        ecma_put(ecma, text);
    }
}

/* The text is UTF-8: JSON is nothing else. */
uint32_t ecma_take_character(struct ecma *ecma)
{
    unsigned char first = (unsigned char)*ecma->at++;
    int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t character = more == 0 ? first : first & (0x3fu >> more);
    while (more-- > 0 && ecma->at < ecma->end)
        character = character << 6 | ((unsigned char)*ecma->at++ & 0x3fu);
    return character;
}

bool ecma_take(struct ecma *ecma, char expected)
{
    if (ecma->at == ecma->end || *ecma->at != expected)
        return false;
    ecma->at++;
    return true;
}

static bool take_text(struct ecma *ecma, const char *expected)
{
    size_t len = strlen(expected);
    if ((size_t)(ecma->end - ecma->at) < len || memcmp(ecma->at, expected, len) != 0)
        return false;
    ecma->at += len;
    return true;
}

/* -- quantifiers -- */

struct quantity {
    uint32_t least;
    uint32_t most;
    bool is_there;
    bool is_lazy;
};

static uint32_t take_number(struct ecma *ecma)
{
    uint32_t value = 0;
    while (ecma->at < ecma->end && *ecma->at >= '0' && *ecma->at <= '9') {
        value = value * 10 + (uint32_t)(*ecma->at++ - '0');
        if (value > QUANTITY_MAX)
            ecma->fault = "a quantifier counts further than 65535";
        value = value > QUANTITY_MAX ? QUANTITY_MAX : value;
    }
    return value;
}

static bool is_digit_next(const struct ecma *ecma)
{
    return ecma->at < ecma->end && *ecma->at >= '0' && *ecma->at <= '9';
}

static void take_braces(struct ecma *ecma, struct quantity *quantity)
{
    bool is_good = is_digit_next(ecma);
    quantity->least = quantity->most = take_number(ecma);
    if (is_good && ecma_take(ecma, ','))
        quantity->most = is_digit_next(ecma) ? take_number(ecma) : INFINITE;
    if (!is_good || !ecma_take(ecma, '}'))
        ecma->fault = "a brace is neither part of a quantifier nor behind a backslash";
    else if (quantity->least > quantity->most)
        ecma->fault = "the numbers of a quantifier are out of order";
}

static struct quantity take_quantity(struct ecma *ecma)
{
    struct quantity quantity = {.least = 0, .most = INFINITE, .is_there = true};
    if (ecma_take(ecma, '{'))
        take_braces(ecma, &quantity);
    else if (ecma_take(ecma, '?'))
        quantity.most = 1;
    else if (ecma_take(ecma, '+'))
        quantity.least = 1;
    else if (!ecma_take(ecma, '*'))
        quantity = (struct quantity){.least = 1, .most = 1};
    quantity.is_lazy = quantity.is_there && ecma_take(ecma, '?');
    return quantity;
}

static void put_quantity(struct ecma *ecma, struct quantity quantity)
{
    char text[40];
    if (!quantity.is_there)
        return;
    if (quantity.most == INFINITE)
        (void)snprintf(text, sizeof text, "{%u,}", quantity.least);
    else
        (void)snprintf(text, sizeof text, "{%u,%u}", quantity.least, quantity.most);
    ecma_put(ecma, text);
    if (quantity.is_lazy)
        ecma_put(ecma, "?");
}

/* -- the grammar -- */

static void take_disjunction(struct ecma *ecma, struct ecma_shape *shape);

/* What is known of the group that begins here, and where what is learnt about it is noted. */
static struct ecma_shape *begin_shape(struct ecma *ecma, struct ecma_shape *unknown)
{
    uint32_t index = ecma->shapes_begun++;
    return ecma->shapes != NULL ? &ecma->shapes[index] : unknown;
}

/* The rest of a group whose opening has been read, with its parenthesis. */
static void take_group_rest(struct ecma *ecma, struct ecma_shape *shape)
{
    if (++ecma->depth > ECMA_DEPTH_MAX)
        ecma->fault = "groups lie too deep within each other";
    else
        take_disjunction(ecma, shape);
    ecma->depth--;
    if (ecma->fault == NULL && !ecma_take(ecma, ')'))
        ecma->fault = "a group is not closed";
    ecma_put(ecma, ")");
}

static void take_look_around(struct ecma *ecma, const char *opening, bool is_behind,
                             bool is_negative)
{
    struct ecma_shape unknown = {0};
    struct ecma_shape *shape = begin_shape(ecma, &unknown);
    uint32_t before = ecma->groups;
    ecma_put(ecma, opening);
    ecma->look_behinds += is_behind;
    take_group_rest(ecma, shape);
    ecma->look_behinds -= is_behind;
    if (is_negative)
        ecma_forget_captures(ecma, before, ecma->groups);
}

/* Assertions, which have no quantifier. */
static bool take_assertion(struct ecma *ecma)
{
    if (ecma_take(ecma, '^'))
        ecma_put(ecma, "^");
    else if (ecma_take(ecma, '$'))
        ecma_put(ecma, "$");
    else if (take_text(ecma, "\\b"))
        ecma_put(ecma, "\\b");
    else if (take_text(ecma, "\\B"))
        ecma_put(ecma, "\\B");
    else if (take_text(ecma, "(?="))
        take_look_around(ecma, "(?=", false, false);
    else if (take_text(ecma, "(?!"))
        take_look_around(ecma, "(?!", false, true);
    else if (take_text(ecma, "(?<="))
        take_look_around(ecma, "(?<=", true, false);
    else if (take_text(ecma, "(?<!"))
        take_look_around(ecma, "(?<!", true, true);
    else
        return false;
    return true;
}

/* Behind "(" and, for a name, "?<". */
static void take_capturing(struct ecma *ecma, struct ecma_shape *shape, bool has_name)
{
    struct json_text name;
    uint32_t group = ++ecma->groups;
    if (has_name && ecma_take_name(ecma, &name))
        ecma_note_name(ecma, name, group);
    if (ecma->fault != NULL)
        return;
    bool captures = ecma_is_referenced(ecma, group);
    ecma_put(ecma, captures ? "(" : "(?:");
    take_group_rest(ecma, shape);
    if (captures)
        ecma->is_closed[ecma_referenced_before(ecma, group)] = true;
}

/* Behind "(" up to the parenthesis that closes it. */
static void take_group_itself(struct ecma *ecma, struct ecma_shape *shape)
{
    if (take_text(ecma, "?:")) {
        ecma_put(ecma, "(?:");
        take_group_rest(ecma, shape);
    } else if (take_text(ecma, "?<")) {
        take_capturing(ecma, shape, true);
    } else if (ecma->at < ecma->end && (*ecma->at == '?' || *ecma->at == '*')) {
        ecma->fault = "there is a group that ECMA-262 does not know";
    } else {
        take_capturing(ecma, shape, false);
    }
}

/* At "(", with its quantifier. If that passes the group over, what is in it has captured nothing.
 */
static void take_group(struct ecma *ecma)
{
    struct ecma_shape unknown = {0};
    struct ecma_shape *shape = begin_shape(ecma, &unknown);
    uint32_t before = ecma->groups;
    bool is_wrapped = shape->is_optional && ecma_referenced_before(ecma, shape->groups_end + 1) >
                                                ecma_referenced_before(ecma, before + 1);
    bool is_lazy = shape->is_lazy;
    size_t beginning = ecma->out_len;
    ecma->at++;
    ecma_put(ecma, is_wrapped ? "(?|" : "");
    if (is_wrapped && is_lazy) {
        ecma_put_empty_captures(ecma, before, shape->groups_end);
        ecma_put(ecma, "|");
    }
    take_group_itself(ecma, shape);
    struct quantity quantity = take_quantity(ecma);
    shape->is_optional = quantity.least == 0 && quantity.most > 0;
    shape->is_lazy = quantity.is_lazy;
    quantity.least = is_wrapped ? 1 : quantity.least;
    put_quantity(ecma, quantity);
    if (is_wrapped && !is_lazy) {
        ecma_put(ecma, "|");
        ecma_put_empty_captures(ecma, before, ecma->groups);
    }
    ecma_put(ecma, is_wrapped ? ")" : "");
    if (quantity.most == 0) { /* It is never asked for. */
        ecma->out_len = beginning;
        ecma_put_empty_captures(ecma, before, ecma->groups);
    }
}

/* Behind a backslash: whether a reference to a group stands there. */
static bool take_reference(struct ecma *ecma)
{
    struct json_text name;
    if (take_text(ecma, "k")) {
        if (!ecma_take(ecma, '<'))
            ecma->fault = "\\k has no name of a group behind it, as in \\k<name>";
        else if (ecma_take_name(ecma, &name))
            ecma_put_reference(ecma, ecma_find_name(ecma, name));
        return true;
    }
    if (!is_digit_next(ecma) || *ecma->at == '0')
        return false;
    uint32_t group = 0;
    for (; is_digit_next(ecma); ecma->at++)
        group = group > QUANTITY_MAX ? group : group * 10 + (uint32_t)(*ecma->at - '0');
    ecma_put_reference(ecma, group);
    return true;
}

/* Anything else that may be repeated. */
static void take_atom(struct ecma *ecma)
{
    char c = *ecma->at;
    if (c == '[') {
        ecma_take_class(ecma);
    } else if (ecma_take(ecma, '.')) {
        ecma_put(ecma, "[^\\n\\r\\x{2028}\\x{2029}]");
    } else if (ecma_take(ecma, '\\')) {
        if (!take_reference(ecma) && !ecma_take_set(ecma, false))
            ecma_put_character(ecma, ecma_take_escape(ecma, false));
    } else if (strchr("*+?", c) != NULL && c != '\0') {
        ecma->fault = "a quantifier has nothing to repeat; ECMA-262 knows no possessive ones";
    } else if (strchr("{}]", c) != NULL && c != '\0') {
        ecma->fault = "a brace or bracket stands alone: put a backslash in front of it";
    } else {
        ecma_put_character(ecma, ecma_take_character(ecma));
    }
    if (ecma->fault == NULL)
        put_quantity(ecma, take_quantity(ecma));
}

static void take_alternative(struct ecma *ecma)
{
    while (ecma->fault == NULL && ecma->at < ecma->end && *ecma->at != '|' && *ecma->at != ')') {
        if (take_assertion(ecma))
            continue;
        if (*ecma->at == '(')
            take_group(ecma);
        else
            take_atom(ecma);
    }
}

/* Alternatives. In each, the groups of the others have captured nothing. */
static void take_disjunction(struct ecma *ecma, struct ecma_shape *shape)
{
    uint32_t before = ecma->groups;
    uint32_t groups_end = shape->groups_end;
    bool has_choice = false;
    bool is_wrapped = shape->has_choice && ecma_referenced_before(ecma, groups_end + 1) >
                                               ecma_referenced_before(ecma, before + 1);
    ecma_put(ecma, is_wrapped ? "(?|" : "");
    for (;;) {
        if (is_wrapped)
            ecma_put_empty_captures(ecma, before, ecma->groups);
        take_alternative(ecma);
        if (is_wrapped)
            ecma_put_empty_captures(ecma, ecma->groups, groups_end);
        if (ecma->fault != NULL || !ecma_take(ecma, '|'))
            break;
        has_choice = true;
        ecma_put(ecma, "|");
    }
    ecma_put(ecma, is_wrapped ? ")" : "");
    shape->has_choice = has_choice;
    shape->groups_end = ecma->groups;
}

/* -- the readings -- */

static bool read_pattern(struct ecma *ecma)
{
    struct ecma_shape unknown = {0};
    ecma->at = ecma->pattern.data;
    ecma->end = ecma->pattern.data + ecma->pattern.len;
    ecma->out_len = 0;
    ecma->groups = ecma->shapes_begun = 0;
    memset(ecma->is_closed, 0, sizeof ecma->is_closed);
    take_disjunction(ecma, begin_shape(ecma, &unknown));
    if (ecma->fault == NULL && ecma->at < ecma->end)
        ecma->fault = "a group is closed that was not opened";
    ecma->group_count = ecma->groups;
    return ecma->fault == NULL;
}

bool ecma_translate(struct json_text pattern, struct arena *arena, struct json_text *out,
                    const char **fault)
{
    struct ecma ecma = {.pattern = pattern};
    bool is_good = read_pattern(&ecma);
    if (is_good) {
        ecma.shapes = arena_array(arena, ecma.shapes_begun, sizeof *ecma.shapes);
        is_good = ecma.shapes != NULL && read_pattern(&ecma) && read_pattern(&ecma);
    }
    if (is_good) {
        ecma.out = arena_alloc(arena, ecma.out_len + 1);
        is_good = ecma.out != NULL && read_pattern(&ecma);
    }
    *out = (struct json_text){ecma.out, ecma.out_len};
    *fault = ecma.fault != NULL ? ecma.fault : "there is no memory";
    return is_good;
}
