#include "delivery/tls_stream.h"

#include "base/clock.h"
#include "delivery/tls_output.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#define RECORD_HEADER 5  /* bytes: type, version, length */
#define MESSAGE_HEADER 4 /* bytes of a handshake message: type, length */
#define UNLIMITED UINT32_MAX

struct tls_stream {
    SSL *tls;                /* whose it is */
    int64_t certificate_end; /* wall clock, ns; 0: not noted */
    struct tls_output output;
    int64_t updates_since; /* monotonic, ns: when the first of key_updates came */
    int socket;            /* borrowed */
    uint32_t turn_records; /* left in this turn, or UNLIMITED */
    uint32_t turn_bytes;   /* likewise */
    uint32_t all_records;  /* left in all, likewise */
    uint32_t all_bytes;    /* likewise */
    uint32_t message_left; /* bytes of the handshake message under way */
    uint16_t body_left;    /* bytes of the record under way */
    uint16_t key_updates;  /* since updates_since */
    uint8_t record_type;   /* of the record under way */
    uint8_t fault;         /* enum tls_fault; set once */
    uint8_t header_len;    /* bytes of `header` that are there */
    uint8_t message_len;   /* likewise of `message` */
    bool is_complete : 1;  /* the handshake is */
    bool is_encrypted : 1; /* TLS 1.2: the peer's handshake messages are */
    bool is_held : 1;      /* the turn's budget is used up */
    uint8_t header[RECORD_HEADER];
    uint8_t message[MESSAGE_HEADER];
};

static struct tls_stream *stream_of(const SSL *tls)
{
    return BIO_get_data(SSL_get_rbio(tls));
}

/* -- what is read -- */

static void find_fault(struct tls_stream *stream, enum tls_fault fault)
{
    if (stream->fault == TLS_FAULT_NONE)
        stream->fault = (uint8_t)fault;
}

/* Takes what there is of a budget. Returns whether it was enough. */
static bool spend(uint32_t *budget, size_t amount)
{
    bool is_enough = amount <= *budget;
    if (*budget != UNLIMITED)
        *budget = is_enough ? *budget - (uint32_t)amount : 0;
    return is_enough;
}

static void begin_record(struct tls_stream *stream)
{
    const uint8_t *header = stream->header;
    stream->record_type = header[0];
    stream->body_left = (uint16_t)(header[3] << 8 | header[4]);
    stream->header_len = 0;
    (void)spend(&stream->turn_records, 1);
    if (!spend(&stream->all_records, 1))
        find_fault(stream, TLS_FAULT_EXCESS);
    if (stream->record_type == SSL3_RT_CHANGE_CIPHER_SPEC)
        stream->is_encrypted = true;
    /* Under TLS 1.3 all records look like data once they are encrypted. */
    if (stream->is_complete && stream->record_type == SSL3_RT_HANDSHAKE)
        find_fault(stream, TLS_FAULT_RENEGOTIATION);
}

/* Whether handshake records can be read by everybody. In front of a second ClientHello a TLS 1.3
 * client sends a ChangeCipherSpec too, which means nothing there. */
static bool shows_messages(const struct tls_stream *stream)
{
    return stream->record_type == SSL3_RT_HANDSHAKE && !stream->is_complete &&
           (!stream->is_encrypted || SSL_version(stream->tls) == TLS1_3_VERSION);
}

/* The other messages' lengths are bounded by OpenSSL in a way that suits us. */
static void begin_message(struct tls_stream *stream)
{
    const uint8_t *header = stream->message;
    stream->message_left = (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
    stream->message_len = 0;
    if (header[0] == SSL3_MT_CLIENT_HELLO && stream->message_left > TLS_HELLO_MAX)
        find_fault(stream, TLS_FAULT_HELLO);
}

static void look_at_messages(struct tls_stream *stream, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t skipped = stream->message_left < len ? stream->message_left : len;
        stream->message_left -= (uint32_t)skipped;
        bytes += skipped;
        len -= skipped;
        if (len == 0)
            return;
        stream->message[stream->message_len++] = *bytes++;
        len--;
        if (stream->message_len == MESSAGE_HEADER)
            begin_message(stream);
    }
}

/* Looks at bytes that are all of the same part of one record. */
static void account(struct tls_stream *stream, const uint8_t *bytes, size_t len)
{
    (void)spend(&stream->turn_bytes, len);
    if (!spend(&stream->all_bytes, len))
        find_fault(stream, TLS_FAULT_EXCESS);
    if (stream->body_left > 0) {
        stream->body_left = (uint16_t)(stream->body_left - len);
        if (shows_messages(stream))
            look_at_messages(stream, bytes, len);
        return;
    }
    for (size_t i = 0; i < len; i++)
        stream->header[stream->header_len++] = bytes[i];
    if (stream->header_len == RECORD_HEADER)
        begin_record(stream);
}

/* Between two records nothing is kept in OpenSSL that would have to be finished. */
static bool must_pause(const struct tls_stream *stream)
{
    bool is_between = stream->body_left == 0 && stream->header_len == 0;
    return is_between && (stream->turn_records == 0 || stream->turn_bytes == 0);
}

static int stream_read(BIO *bio, char *out, int size)
{
    struct tls_stream *stream = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (stream->fault != TLS_FAULT_NONE || size <= 0)
        return -1;
    if (must_pause(stream)) {
        stream->is_held = true;
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t most =
        stream->body_left > 0 ? stream->body_left : (size_t)(RECORD_HEADER - stream->header_len);
    if (most > (size_t)size)
        most = (size_t)size;
    ssize_t len = recv(stream->socket, out, most, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_read(bio);
    if (len <= 0)
        return (int)len;
    account(stream, (const uint8_t *)out, (size_t)len);
    return stream->fault == TLS_FAULT_NONE ? (int)len : -1;
}

static int stream_write(BIO *bio, const char *bytes, int len)
{
    struct tls_stream *stream = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = tls_output_write(&stream->output, stream->socket, bytes, (size_t)len);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long stream_control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_stream *stream = BIO_get_data(bio);
    (void)number;
    if (command == BIO_CTRL_FLUSH)
        return 1; /* Nothing is held back. */
    if (command != BIO_C_GET_FD)
        return 0;
    if (pointer != NULL)
        *(int *)pointer = stream->socket;
    return stream->socket;
}

static int stream_destroy(BIO *bio)
{
    struct tls_stream *stream = BIO_get_data(bio);
    if (stream != NULL)
        tls_output_deinit(&stream->output);
    free(stream);
    BIO_set_data(bio, NULL);
    return 1;
}

/* -- life -- */

static BIO_METHOD *method; /* made once, never changed, needed to the end of the process */

static void make_method(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice");
    if (made != NULL && BIO_meth_set_read(made, stream_read) == 1 &&
        BIO_meth_set_write(made, stream_write) == 1 &&
        BIO_meth_set_ctrl(made, stream_control) == 1 &&
        BIO_meth_set_destroy(made, stream_destroy) == 1)
        method = made;
    else
        BIO_meth_free(made);
}

int tls_stream_attach(SSL *tls, int socket, uint32_t bytes, uint32_t records)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    struct tls_stream *stream = bio != NULL ? calloc(1, sizeof *stream) : NULL;
    if (stream == NULL) {
        BIO_free(bio);
        return ERR_NO_MEMORY;
    }
    stream->tls = tls;
    stream->socket = socket;
    stream->all_bytes = bytes;
    stream->all_records = records;
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls, bio, bio);
    tls_stream_begin_turn(tls);
    return OK;
}

void tls_stream_begin_turn(SSL *tls)
{
    struct tls_stream *stream = stream_of(tls);
    stream->turn_records = TLS_TURN_RECORDS;
    stream->turn_bytes = TLS_TURN_BYTES;
    stream->is_held = false;
}

bool tls_stream_is_held(const SSL *tls)
{
    return stream_of(tls)->is_held;
}

void tls_stream_on_handshake(SSL *tls)
{
    stream_of(tls)->is_complete = true;
}

void tls_stream_lend(SSL *tls)
{
    struct tls_stream *stream = stream_of(tls);
    stream->turn_records = stream->turn_bytes = UNLIMITED;
}

/* OpenSSL keeps the keys of the key exchange for as long as the connection, and offers no way to
 * let go of them, but shares them: an empty key of any type takes the place of what they hold. */
static void forget_key(EVP_PKEY *key)
{
    (void)EVP_PKEY_set_type(key, EVP_PKEY_X25519);
    EVP_PKEY_free(key);
}

static void forget_key_exchange(SSL *tls)
{
    EVP_PKEY *key;
    if (SSL_get_tmp_key(tls, &key) == 1)
        forget_key(key);
    if (SSL_get_peer_tmp_key(tls, &key) == 1)
        forget_key(key);
    ERR_clear_error();
}

void tls_stream_open(SSL *tls)
{
    struct tls_stream *stream = stream_of(tls);
    forget_key_exchange(tls);
    stream->all_records = stream->all_bytes = UNLIMITED;
    tls_stream_begin_turn(tls);
}

enum tls_fault tls_stream_fault(const SSL *tls)
{
    return stream_of(tls)->fault;
}

struct tls_output *tls_stream_output(const SSL *tls)
{
    return &stream_of(tls)->output;
}

void tls_stream_note_certificate_end(SSL *tls, int64_t end)
{
    stream_of(tls)->certificate_end = end;
}

int64_t tls_stream_certificate_end(const SSL *tls)
{
    return stream_of(tls)->certificate_end;
}

const char *tls_fault_text(enum tls_fault fault)
{
    static const char *const texts[TLS_FAULT_COUNT] = {
#define TLS_FAULT_TEXT(name, label) [name] = label,
        TLS_FAULTS(TLS_FAULT_TEXT)
#undef TLS_FAULT_TEXT
    };
    return texts[fault] != NULL ? texts[fault] : "none";
}

/* -- key updates -- */

static void count_key_update(struct tls_stream *stream)
{
    int64_t now = clock_monotonic();
    if (stream->key_updates == 0 || now - stream->updates_since > TLS_KEY_UPDATE_TIME) {
        stream->updates_since = now;
        stream->key_updates = 0;
    }
    if (++stream->key_updates > TLS_KEY_UPDATES)
        find_fault(stream, TLS_FAULT_KEY_UPDATES);
}

static void on_message(int is_written, int version, int type, const void *bytes, size_t len,
                       SSL *tls, void *context)
{
    (void)version;
    (void)context;
    if (is_written == 0 && type == SSL3_RT_HANDSHAKE && len > 0 &&
        *(const uint8_t *)bytes == SSL3_MT_KEY_UPDATE)
        count_key_update(stream_of(tls));
}

void tls_stream_prepare(SSL_CTX *context)
{
    SSL_CTX_set_msg_callback(context, on_message);
}
