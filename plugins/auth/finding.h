/*
 * What a method has to go on, and what it found out: the vocabulary of auth's methods.
 *
 * Plain values, one thread at a time. Nothing here is kept beyond one attempt.
 */
#ifndef AUTH_FINDING_H
#define AUTH_FINDING_H

#include "credential.h"

#include <sluice/plugin.h>

#define IDENTITY_MAX 255
#define ATTRIBUTE_NAME_MAX 63
#define ATTRIBUTES_MAX 16    /* that a method finds */
#define ATTRIBUTES_TEXT 4096 /* bytes of all their names and values */
#define ATTRIBUTES_OWN 4     /* that auth adds, for which there is always room */
#define ATTRIBUTES_OWN_TEXT (192 + ATTRIBUTES_MAX * (ATTRIBUTE_NAME_MAX + 1))
#define RETRY_TEXT_SIZE 24
#define ATTRIBUTES_PREFIX "auth." /* of their names; no method may use it */

/* What a method says about a client. */
enum check {
    CHECK_NOT_MINE, /* nothing that this method knows: ask the next one */
    CHECK_ACCEPTED,
    CHECK_REFUSED, /* it is this method's, and it is not good: nobody else is asked */
    CHECK_FAILED,  /* it cannot be told now: nobody gets in unchecked */
    CHECK_SLOW,    /* a slow hash tells: only on a thread that may block */
    CHECK_ASK,     /* the HTTP service has to be asked */
    CHECK_KEYS     /* new keys may tell, which have to be waited for */
};

/* What a check may do, and what it has done; by default it does not block. */
enum policy_may {
    POLICY_MAY_BLOCK = 1 << 0,  /* it runs on a thread that may block */
    POLICY_HAS_WAITED = 1 << 1, /* for new keys */
};

/* What a client shows. Borrowed from the request, or from the attempt that copied it. */
struct shown {
    struct sl_string token; /* empty: none */
    enum credential_source source;
    struct sl_string path;        /* that it wants to connect to */
    struct sl_string address;     /* where it comes from */
    struct sl_string certificate; /* the configured field of its certificate; empty: none */
    int64_t at;                   /* when it was shown, ns, monotonic */
    uint64_t network;             /* slow_network_of its address */
};

/* What was found out. */
struct finding {
    char identity[IDENTITY_MAX + 1];
    size_t identity_len;
    int64_t expires;     /* seconds since 1970; 0: never */
    const char *method;  /* static: which one decided */
    const char *reason;  /* static: the sentence for a refusal */
    int64_t retry_after; /* seconds: when it is of use to ask again about what failed */
    char retry_text[RETRY_TEXT_SIZE]; /* the same, for a header */
    const char *detail; /* static: what was wrong with an answer, for the log; NULL: nothing */
    bool is_scope;      /* refused for what it may not do, not for who it is */
    struct sl_pair attributes[ATTRIBUTES_MAX + ATTRIBUTES_OWN]; /* into `text` */
    size_t attribute_count;
    char text[ATTRIBUTES_TEXT + ATTRIBUTES_OWN_TEXT];
    size_t text_len;
};

void finding_init(struct finding *finding);

/* Names the client: 1 to IDENTITY_MAX bytes without control characters, else false. */
bool finding_identify(struct finding *finding, const char *identity, size_t len);

/* Adds an attribute, copied. False if there are too many, they are too long, or the name is empty,
 * has control characters or is one of auth's own. */
bool finding_attribute(struct finding *finding, const char *name_cstr, const char *value,
                       size_t len);

/* Adds one of auth's own attributes, of ATTRIBUTES_OWN_TEXT bytes together. */
void finding_own_attribute(struct finding *finding, const char *name_cstr, const char *value_cstr);

/* Refuses, or fails, with a static sentence. */
enum check finding_refuse(struct finding *finding, const char *reason);
enum check finding_fail(struct finding *finding, const char *reason);

/* Fails until something happens in so many ns. */
enum check finding_fail_for(struct finding *finding, const char *reason, int64_t after);

#endif
