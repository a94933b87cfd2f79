#include "jwt_claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TIME_MAX 1e12 /* seconds; a later expiry is cut to this */

static bool text_is_in(const json_t *text, const struct texts *texts)
{
    for (size_t i = 0; json_is_string(text) && i < texts->count; i++)
        if (strlen(texts->items[i]) == json_string_length(text) &&
            memcmp(texts->items[i], json_string_value(text), json_string_length(text)) == 0)
            return true;
    return false;
}

/* The audience is a string, or an array of which one element has to fit. */
static bool is_audience(const json_t *audience, const struct texts *texts)
{
    size_t index;
    const json_t *item;
    if (!json_is_array(audience))
        return text_is_in(audience, texts);
    json_array_foreach(audience, index, item)
    {
        if (text_is_in(item, texts))
            return true;
    }
    return false;
}

/* Reads a NumericDate. False if the claim is there and is not a number. */
static bool read_time(const json_t *claims, const char *name, bool *there, double *seconds)
{
    const json_t *value = json_object_get(claims, name);
    *there = value != NULL;
    *seconds = json_number_value(value);
    return value == NULL || (json_is_number(value) && isfinite(*seconds));
}

static enum jwt_result check_times(const json_t *claims, const struct jwt_rules *rules, int64_t now)
{
    bool has_expiry, has_start, has_issue;
    double expiry, start, issue;
    if (!read_time(claims, "exp", &has_expiry, &expiry) ||
        !read_time(claims, "nbf", &has_start, &start) ||
        !read_time(claims, "iat", &has_issue, &issue))
        return JWT_WRONG_CLAIMS;
    if (!has_expiry && rules->require_expiry)
        return JWT_NO_EXPIRY;
    if (has_expiry && (double)now >= expiry + (double)rules->leeway)
        return JWT_EXPIRED;
    double latest = (double)now + (double)rules->leeway;
    return (has_start && latest < start) || (has_issue && latest < issue) ? JWT_NOT_YET : JWT_OK;
}

/* Whether a list of words with spaces between them, or an array of texts, holds a scope. */
static bool holds_scope(const json_t *list, const char *scope)
{
    size_t index;
    const json_t *item;
    const char *at = json_string_value(list);
    for (; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (len == strlen(scope) && memcmp(at, scope, len) == 0)
            return true;
        at += len;
    }
    json_array_foreach(list, index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), scope) == 0)
            return true;
    }
    return false;
}

/* The claim of RFC 8693, section 4.2, and the names that other issuers use for it. */
static bool has_scopes(const json_t *claims, const struct texts *scopes)
{
    static const char *const names[] = {"scope", "scp", "scopes"};
    for (size_t i = 0; i < scopes->count; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            found |= holds_scope(json_object_get(claims, names[j]), scopes->items[i]);
        if (!found)
            return false;
    }
    return true;
}

static bool claim_has_value(const json_t *claim, const char *value)
{
    if (json_is_boolean(claim))
        return strcmp(value, json_is_true(claim) ? "true" : "false") == 0;
    if (json_is_integer(claim)) {
        char digits[32];
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(claim));
        return strcmp(value, digits) == 0;
    }
    return json_is_string(claim) && strcmp(value, json_string_value(claim)) == 0;
}

/* One element of an array is enough, as with audiences. */
static bool meets_claim_rule(const json_t *claims, const struct claim_rule *rule)
{
    size_t index;
    const json_t *item;
    const json_t *claim = jwt_claim(claims, rule->name_cstr);
    if (claim == NULL || json_is_null(claim))
        return false;
    if (rule->value_cstr == NULL || claim_has_value(claim, rule->value_cstr))
        return true;
    json_array_foreach(claim, index, item)
    {
        if (claim_has_value(item, rule->value_cstr))
            return true;
    }
    return false;
}

enum jwt_result jwt_check_claims(const json_t *claims, const struct jwt_rules *rules, int64_t now)
{
    enum jwt_result result = check_times(claims, rules, now);
    if (result != JWT_OK)
        return result;
    if (rules->issuers.count > 0 && !text_is_in(json_object_get(claims, "iss"), &rules->issuers))
        return JWT_WRONG_ISSUER;
    if (rules->audiences.count > 0 &&
        !is_audience(json_object_get(claims, "aud"), &rules->audiences))
        return JWT_WRONG_AUDIENCE;
    for (size_t i = 0; i < rules->claim_count; i++)
        if (!meets_claim_rule(claims, &rules->claims[i]))
            return JWT_CLAIM_MISSING;
    return has_scopes(claims, &rules->scopes) ? JWT_OK : JWT_SCOPE_MISSING;
}

const json_t *jwt_claim(const json_t *claims, const char *path_cstr)
{
    const json_t *whole = json_object_get(claims, path_cstr);
    const char *at = path_cstr;
    while (whole == NULL && claims != NULL && *at != '\0') {
        char name[256];
        size_t len = strcspn(at, ".");
        if (len >= sizeof name)
            return NULL;
        memcpy(name, at, len);
        name[len] = '\0';
        claims = json_object_get(claims, name);
        at += len + (at[len] == '.' ? 1 : 0);
    }
    return whole != NULL ? whole : claims;
}

int64_t jwt_expiry(const json_t *claims)
{
    const json_t *claim = json_object_get(claims, "exp");
    double expiry = ceil(json_number_value(claim));
    if (claim == NULL)
        return 0;
    return expiry > TIME_MAX ? (int64_t)TIME_MAX : expiry < 1 ? 1 : (int64_t)expiry;
}
