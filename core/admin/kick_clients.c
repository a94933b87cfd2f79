#include "admin/kick_clients.h"

#include "admin/loop_query.h"
#include "base/utf8.h"
#include "client/client.h"
#include "client/client_filter.h"
#include "hub/hub.h"

#include <string.h>

#define PORTION 256u /* slots of each loop: what is queued for them is written in one iteration */

struct kick_question {
    struct client_filter filter;
    struct close_words words;
    uint32_t first; /* slot of a portion */
    uint64_t id;    /* of the only one that is meant */
};

struct kick_answer {
    uint32_t closed;
    bool is_at_end; /* no slots are behind the portion */
};

/* -- on the loops -- */

static void close_client(struct client *client, const struct close_words *words)
{
    if (client->state == CLIENT_OPEN)
        client_log_kicked(client, words->code, words->reason, words->who);
    client_close(client, words->code, words->reason, strlen(words->reason));
}

static void kick_portion(struct shard *shard, const void *question, void *answer)
{
    const struct kick_question *asked = question;
    struct kick_answer *done = answer;
    for (uint32_t i = asked->first; i < shard->slot_count && i - asked->first < PORTION; i++) {
        struct client *client = shard->slots[i].client;
        if (client == NULL || client->state != CLIENT_OPEN ||
            !client_filter_matches(&asked->filter, client))
            continue;
        close_client(client, &asked->words);
        done->closed++;
    }
    done->is_at_end = shard->slot_count <= asked->first + PORTION;
}

static void kick_one(struct shard *shard, const void *question, void *answer)
{
    const struct kick_question *asked = question;
    struct kick_answer *done = answer;
    struct client *client = shard_find(shard, asked->id);
    if (client == NULL || (client->state != CLIENT_OPEN && client->state != CLIENT_CLOSING))
        return;
    close_client(client, &asked->words); /* Nothing happens if it is closing already. */
    done->closed = 1;
}

/* -- asking them -- */

static struct loop_query_spec make_spec(const struct kick_question *question, loop_query_ask *ask)
{
    return (struct loop_query_spec){.ask = ask,
                                    .question = question,
                                    .question_size = sizeof *question,
                                    .answer_size = sizeof(struct kick_answer),
                                    .timeout = LOOP_QUERY_TIMEOUT};
}

/* Adds what the loops have closed to *closed. Returns whether all are at their ends. */
static bool add_answers(struct loop_query *query, uint64_t *closed)
{
    bool is_at_end = true;
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct kick_answer *answer = loop_query_answer(query, i);
        *closed += answer->closed;
        is_at_end = is_at_end && answer->is_at_end;
    }
    loop_query_unref(query);
    return is_at_end;
}

int kick_matching(struct hub *hub, const struct client_filter *filter,
                  const struct close_words *words, uint64_t *closed)
{
    struct kick_question question = {.filter = *filter, .words = *words};
    struct loop_query_spec spec = make_spec(&question, kick_portion);
    struct loop_query *query;
    *closed = 0;
    for (;; question.first += PORTION) {
        int error = loop_query_run(hub, &spec, &query);
        if (error != OK)
            return error;
        if (add_answers(query, closed))
            return OK;
    }
}

int kick_by_id(struct hub *hub, uint64_t id, const struct close_words *words)
{
    struct kick_question question = {.words = *words, .id = id};
    struct loop_query_spec spec = make_spec(&question, kick_one);
    struct loop_query *query;
    uint64_t closed = 0;
    int error = loop_query_run_one(hub, client_id_loop(id), &spec, &query);
    if (error != OK)
        return error;
    add_answers(query, &closed);
    return closed > 0 ? OK : ERR_NOT_FOUND;
}

/* -- what is said to them -- */

struct close_words close_words_usual(void)
{
    return (struct close_words){.code = CLOSE_POLICY, .reason = "closed by the administrator"};
}

const char *close_words_take_code(cJSON *body, struct close_words *words)
{
    cJSON *code = cJSON_DetachItemFromObjectCaseSensitive(body, "code");
    double number = cJSON_IsNumber(code) ? code->valuedouble : 0;
    bool is_given = code != NULL;
    cJSON_Delete(code);
    if (!is_given)
        return NULL;
    words->code = number >= 1000 && number <= 4999 ? (uint16_t)number : 0;
    if (number == words->code && close_code_may_be_sent(words->code))
        return NULL;
    return "code is a number: 3000 to 4999, or one that a server may send, such as 1000, 1008 and "
           "1012";
}

const char *close_words_take_reason(const char *text, struct close_words *words)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (text == NULL)
        return NULL;
    if (len > CLOSE_REASON_MAX || !utf8_is_valid(text, len))
        return "a reason is at most 123 bytes of UTF-8";
    memcpy(words->reason, text, len + 1);
    return NULL;
}
