#include "pipeline/completion.h"

#include "base/utf8.h"
#include "pipeline/attributes.h"
#include "pipeline/chain_open.h"
#include "pipeline/message.h"
#include "pipeline/sl_client.h"
#include "pipeline/upgrade.h"

#include <stdlib.h>
#include <string.h>

#define DETAILS_SIZE_1_1                                                                           \
    (offsetof(struct sl_completion, attribute_count) +                                             \
     sizeof(((struct sl_completion *)0)->attribute_count))
#define PAIRS_MAX 64

/* -- a copy in one block -- */

/* Where copies go; without memory yet it only measures. */
struct packer {
    char *block; /* NULL: measuring */
    size_t used;
};

static struct sl_string pack_string(struct packer *packer, struct sl_string text)
{
    size_t at = packer->used;
    packer->used += text.len + 1;
    if (packer->block == NULL)
        return text;
    if (text.len > 0)
        memcpy(packer->block + at, text.data, text.len);
    packer->block[at + text.len] = '\0';
    return (struct sl_string){.data = packer->block + at, .len = text.len};
}

static const struct sl_pair *pack_pairs(struct packer *packer, const struct sl_pair *pairs,
                                        size_t count)
{
    struct sl_pair *copies =
        packer->block != NULL ? (struct sl_pair *)(void *)(packer->block + packer->used) : NULL;
    packer->used += count * sizeof *pairs;
    for (size_t i = 0; i < count; i++) {
        struct sl_pair copy = {.name = pack_string(packer, pairs[i].name),
                               .value = pack_string(packer, pairs[i].value)};
        if (copies != NULL)
            copies[i] = copy;
    }
    size_t alignment = _Alignof(struct sl_pair);
    packer->used = (packer->used + alignment - 1) / alignment * alignment;
    return copies != NULL ? copies : pairs;
}

/* The pairs first, so that they are aligned. */
static void pack_details(struct packer *packer, const struct sl_completion *from,
                         struct sl_completion *to)
{
    *to = *from;
    to->headers = pack_pairs(packer, from->headers, from->header_count);
    to->attributes = pack_pairs(packer, from->attributes, from->attribute_count);
    to->data = pack_string(packer, from->data);
    to->reason = pack_string(packer, from->reason);
    to->identity = pack_string(packer, from->identity);
}

/* A string with a zero byte inside would be cut. */
static bool is_whole(struct sl_string text)
{
    return text.len == 0 || memchr(text.data, '\0', text.len) == NULL;
}

/* As attributes_set judges them one by one; what a client has already is its loop's to know. */
static bool are_attributes_valid(const struct sl_pair *pairs, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sl_string name = pairs[i].name;
        size += name.len + pairs[i].value.len;
        if (name.len == 0 || name.len > ATTRIBUTE_NAME_MAX || !is_whole(name) ||
            pairs[i].value.len > ATTRIBUTE_VALUE_MAX)
            return false;
    }
    return size <= ATTRIBUTES_MAX;
}

/* What the verdict uses; the rest is nobody's concern. `packed`: its strings are zero-terminated.
 */
static bool is_usable(enum sl_verdict verdict, const struct sl_completion *packed)
{
    for (size_t i = 0; verdict == SL_DENY && i < packed->header_count; i++) {
        const struct sl_pair *header = &packed->headers[i];
        if (!is_whole(header->name) || !is_whole(header->value) ||
            !upgrade_is_header(header->name.data, header->value.data))
            return false;
    }
    if (verdict != SL_CONTINUE)
        return true;
    return (packed->identity.len == 0 ||
            sl_client_is_identity(packed->identity.data, packed->identity.len)) &&
           are_attributes_valid(packed->attributes, packed->attribute_count);
}

static bool are_details_valid(const struct sl_completion *details)
{
    if (details->header_count > PAIRS_MAX || details->attribute_count > PAIRS_MAX)
        return false;
    if (details->type == SL_TEXT)
        return utf8_is_valid(details->data.data, details->data.len);
    return details->type == 0 || details->type == SL_BINARY;
}

int completion_create(struct sl_ticket ticket, enum sl_verdict verdict,
                      const struct sl_completion *details, struct completion **out)
{
    struct sl_completion known = {.struct_size = sizeof known};
    struct packer packer = {.block = NULL};
    struct sl_completion measured;

    if (details != NULL && details->struct_size < DETAILS_SIZE_1_1)
        return ERR_INVALID;
    if (details != NULL)
        memcpy(&known, details, sizeof known);
    if (!are_details_valid(&known))
        return ERR_INVALID;
    pack_details(&packer, &known, &measured);
    struct completion *completion = malloc(sizeof *completion + packer.used);
    if (completion == NULL)
        return ERR_NO_MEMORY;
    completion->ticket = ticket;
    completion->verdict = verdict;
    packer = (struct packer){.block = completion->block};
    pack_details(&packer, &known, &completion->details);
    if (!is_usable(verdict, &completion->details)) {
        free(completion);
        return ERR_INVALID;
    }
    *out = completion;
    return OK;
}

/* -- laying it over what was deferred -- */

int completion_apply_to_message(const struct completion *completion, struct message *message)
{
    const struct sl_completion *details = &completion->details;
    if (details->type != 0 &&
        message_replace(message, details->type, details->data.data, details->data.len) != OK)
        return SL_ERROR;
    close_wish_set(&message->close, details->code, details->reason.data, details->reason.len);
    return completion->verdict;
}

static int apply_refusal(const struct sl_completion *details, struct upgrade *upgrade)
{
    upgrade_refuse(upgrade, details->code, details->reason.data);
    for (size_t i = 0; i < details->header_count; i++)
        if (upgrade_add_header(upgrade, details->headers[i].name.data,
                               details->headers[i].value.data) != OK)
            return SL_ERROR;
    return SL_DENY;
}

static int apply_description(const struct sl_completion *details, struct sl_string identity,
                             struct sl_client *client)
{
    return sl_client_describe(client, identity, details->attributes, details->attribute_count) == OK
               ? SL_CONTINUE
               : SL_ERROR;
}

int completion_apply_to_upgrade(const struct completion *completion, struct sl_client *client,
                                struct upgrade *upgrade)
{
    if (completion->verdict == SL_DENY)
        return apply_refusal(&completion->details, upgrade);
    if (completion->verdict == SL_CONTINUE)
        return apply_description(&completion->details, completion->details.identity, client);
    return completion->verdict;
}

int completion_apply_to_opening(const struct completion *completion, struct sl_client *client)
{
    const struct sl_completion *details = &completion->details;
    if (completion->verdict == SL_CONTINUE)
        return apply_description(details, (struct sl_string){.len = 0}, client);
    close_wish_set(&client->more->opening->close, details->code, details->reason.data,
                   details->reason.len);
    return completion->verdict;
}
