#include "admin/client_ranking.h"

#include "admin/loop_query.h"
#include "client/client.h"
#include "client/client_filter.h"
#include "delivery/transport.h"
#include "hub/hub.h"

#include <stdlib.h>
#include <string.h>

#define PORTION 4096u      /* slots of a loop that are looked at before it goes on with its work */
#define PORTION_ASKED 512u /* the same where each costs a system call */

static const char *const rank_names[CLIENT_RANK_COUNT] = {
    [CLIENT_RANK_QUEUE] = "queue", [CLIENT_RANK_AGE] = "age",
    [CLIENT_RANK_BYTES] = "bytes", [CLIENT_RANK_MESSAGES] = "messages",
    [CLIENT_RANK_DROPS] = "drops", [CLIENT_RANK_SILENCE] = "last-heard"};

bool client_rank_read(const char *text, enum client_rank *out)
{
    for (int i = 0; i < CLIENT_RANK_COUNT; i++) {
        if (strcmp(text, rank_names[i]) != 0)
            continue;
        *out = (enum client_rank)i;
        return true;
    }
    return false;
}

struct rank_question {
    struct client_filter filter;
    enum client_rank rank;
    uint32_t first; /* slot of the portion */
    uint32_t portion;
    size_t limit;
    uint64_t floor; /* what does not pass it is not among the first; 0: anything may be */
    bool has_floor;
};

struct ranked {
    uint64_t value;
    struct client_info info;
};

struct rank_answer {
    struct ranked *clients; /* owned; the largest first */
    size_t count;
    bool is_at_end;
    bool has_failed; /* no memory */
};

/* -- on the loops -- */

/* A client of a portion that may be among the first. */
struct candidate {
    uint64_t value;
    uint32_t slot;
};

static uint64_t value_of(const struct client *client, enum client_rank rank)
{
    const struct shard *shard = client_shard(client);
    uint64_t in = 0, out = 0;
    switch (rank) {
    case CLIENT_RANK_QUEUE:
        return receiver_queued(&client->receiver);
    case CLIENT_RANK_AGE:
        return (uint64_t)shard_age_of(shard, client);
    case CLIENT_RANK_BYTES:
        return transport_ask_traffic(&client->receiver, &in, &out) ? in + out : 0;
    case CLIENT_RANK_MESSAGES:
        return (uint64_t)client->messages_in + audience_messages_to(&client->receiver);
    case CLIENT_RANK_DROPS:
        return client->receiver.dropped;
    default:
        return (uint64_t)(shard->loop.now - client->last_heard);
    }
}

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return a->slot < b->slot ? -1 : 1;
}

static size_t find_candidates(struct shard *shard, const struct rank_question *asked,
                              struct candidate *out)
{
    size_t count = 0;
    for (uint32_t i = asked->first; i < shard->slot_count && i - asked->first < asked->portion;
         i++) {
        const struct client *client = shard->slots[i].client;
        if (client == NULL || !client_info_is_shown(client) ||
            !client_filter_matches(&asked->filter, client))
            continue;
        uint64_t value = value_of(client, asked->rank);
        if (!asked->has_floor || value > asked->floor)
            out[count++] = (struct candidate){.value = value, .slot = i};
    }
    return count;
}

static void rank_portion(struct shard *shard, const void *question, void *answer)
{
    const struct rank_question *asked = question;
    struct rank_answer *found = answer;
    struct candidate *candidates = malloc(asked->portion * sizeof *candidates);
    size_t count = candidates != NULL ? find_candidates(shard, asked, candidates) : 0;
    found->has_failed = candidates == NULL;
    found->is_at_end = shard->slot_count <= asked->first + asked->portion;
    if (count > 0)
        qsort(candidates, count, sizeof *candidates, compare_candidates);
    if (count > asked->limit)
        count = asked->limit;
    found->clients = count > 0 ? calloc(count, sizeof *found->clients) : NULL;
    if (count > 0 && found->clients == NULL)
        found->has_failed = true;
    for (; !found->has_failed && found->count < count; found->count++) {
        struct ranked *ranked = &found->clients[found->count];
        ranked->value = candidates[found->count].value;
        client_info_read(shard->slots[candidates[found->count].slot].client, &ranked->info);
    }
    free(candidates);
}

static void free_ranked(struct ranked *clients, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(clients[i].info.identity);
    free(clients);
}

static void free_rank_answer(void *answer)
{
    struct rank_answer *found = answer;
    free_ranked(found->clients, found->count);
}

/* -- merging -- */

/* The first ones of what was looked at so far. */
struct best {
    struct ranked *clients; /* owned; sorted once full */
    size_t count;
    size_t limit;
};

/* The order of the list: by slot, then by loop. */
static uint32_t list_position(const struct ranked *ranked)
{
    return (uint32_t)(ranked->info.id & UINT32_MAX);
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return list_position(a) < list_position(b) ? -1 : 1;
}

/* Moves a loop's clients behind the best ones, and keeps the first of them all. */
static int merge_answer(struct best *best, struct rank_answer *answer)
{
    if (answer->has_failed)
        return ERR_NO_MEMORY;
    if (answer->count == 0)
        return OK;
    size_t all = best->count + answer->count;
    struct ranked *clients = realloc(best->clients, all * sizeof *clients);
    if (clients == NULL)
        return ERR_NO_MEMORY;
    memcpy(clients + best->count, answer->clients, answer->count * sizeof *clients);
    answer->count = 0; /* Their identities have moved. */
    qsort(clients, all, sizeof *clients, compare_ranked);
    for (size_t i = best->limit; i < all; i++)
        free(clients[i].info.identity);
    best->clients = clients;
    best->count = all < best->limit ? all : best->limit;
    return OK;
}

static int merge_portion(struct best *best, struct loop_query *query, bool *is_at_end)
{
    int error = OK;
    *is_at_end = true;
    for (size_t i = 0; i < loop_query_count(query) && error == OK; i++) {
        struct rank_answer *answer = loop_query_answer(query, i);
        *is_at_end = *is_at_end && answer->is_at_end;
        error = merge_answer(best, answer);
    }
    return error;
}

static int rank_all(struct hub *hub, struct rank_question *question, struct best *best)
{
    const struct loop_query_spec spec = {.ask = rank_portion,
                                         .free_answer = free_rank_answer,
                                         .question = question,
                                         .question_size = sizeof *question,
                                         .answer_size = sizeof(struct rank_answer),
                                         .timeout = LOOP_QUERY_TIMEOUT};
    struct loop_query *query;
    bool is_at_end = false;
    int error = OK;
    for (; error == OK && !is_at_end; question->first += question->portion) {
        question->has_floor = best->clients != NULL && best->count == best->limit;
        question->floor = question->has_floor ? best->clients[best->count - 1].value : 0;
        error = loop_query_run(hub, &spec, &query);
        if (error != OK)
            break;
        error = merge_portion(best, query, &is_at_end);
        loop_query_unref(query);
    }
    return error;
}

int client_ranking_find(struct hub *hub, const struct client_filter *filter, enum client_rank rank,
                        size_t limit, struct client_ranking *out)
{
    struct best best = {.limit = limit};
    struct rank_question question = {.filter = *filter,
                                     .rank = rank,
                                     .portion = rank == CLIENT_RANK_BYTES ? PORTION_ASKED : PORTION,
                                     .limit = limit};
    int error = rank_all(hub, &question, &best);
    *out = (struct client_ranking){.clients = NULL};
    if (error == OK && best.count > 0)
        out->clients = calloc(best.count, sizeof *out->clients);
    if (error == OK && best.count > 0 && out->clients == NULL)
        error = ERR_NO_MEMORY;
    for (; error == OK && out->count < best.count; out->count++)
        out->clients[out->count] = best.clients[out->count].info;
    if (error == OK)
        best.count = 0; /* Their identities have moved. */
    free_ranked(best.clients, best.count);
    return error;
}

void client_ranking_free(struct client_ranking *ranking)
{
    for (size_t i = 0; i < ranking->count; i++)
        free(ranking->clients[i].identity);
    free(ranking->clients);
}
