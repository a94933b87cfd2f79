#include "recheck.h"

#include "session.h"

#include <string.h>

static bool equals_cstr(struct sl_string text, const char *expected_cstr)
{
    return text.len == strlen(expected_cstr) && memcmp(text.data, expected_cstr, text.len) == 0;
}

static bool has_token(struct policy *policy, struct sl_string name)
{
    struct token_list *list = token_source_take(&policy->tokens);
    bool found = tokens_has_name(&list->tokens, name.data, name.len);
    token_list_unref(list);
    return found;
}

/* Rechecks a client that this instance has let in. */
static bool is_still_known(struct policy *policy, struct sl_string identity,
                           struct sl_string method)
{
    if (!policy_allows(policy, identity.data, identity.len))
        return false;
    if (!policy_has_method(policy, method.data, method.len))
        return !policy->required; /* A client that shows nothing would be let in. */
    return !equals_cstr(method, "tokens") || has_token(policy, identity);
}

enum sl_verdict recheck(struct policy *policy, struct sl_instance *self, struct sl_client *client)
{
    const struct sl_host *host = self->host;
    struct sl_string identity = host->client_identity(client);
    struct sl_string method = {"", 0};
    struct sl_string by = {"", 0};
    bool is_fine;
    if (identity.len == 0)
        is_fine = !policy->required;
    else if (!host->attribute(client, SESSION_BY, &by) || !equals_cstr(by, self->name) ||
             !host->attribute(client, SESSION_METHOD, &method))
        is_fine = true;
    else
        is_fine = is_still_known(policy, identity, method);
    if (!is_fine)
        host->metric_add(policy->meters->rechecks_refused, 1);
    return is_fine ? SL_CONTINUE : SL_DENY;
}
