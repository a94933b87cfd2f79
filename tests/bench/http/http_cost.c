/*
 * http_cost: what HTTP requests of plugins cost beside libcurl alone, in one run.
 *
 * The same requests go to the same server (a process of its own that answers each with 100 bytes,
 * over connections that stay open): from one thread with libcurl's multi interface and nothing
 * around it, and by host->http_request from an instance's loop. Rounds of both alternate; the table
 * has the medians.
 *
 * usage: http_cost BUILD [SECONDS]
 */
#include "../plugins/rig.h"

#include "base/clock.h"
#include "base/histogram.h"
#include "pipeline/chain.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 5
#define AT_ONCE_MAX 64

struct result {
    double rate;     /* requests a second */
    double cpu;      /* of this process, µs a request */
    double p50, p99; /* ms */
};

/* -- the server -- */

static void answer(int epoll, int fd)
{
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
                                   "012345678901234567890123456789012345678901234567890123456789012"
                                   "3456789012345678901234567890123456789";
    char request[4096];
    ssize_t got = recv(fd, request, sizeof request, 0);
    if (got <= 0 || send(fd, response, sizeof response - 1, MSG_NOSIGNAL) < 0) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
        close(fd);
    }
}

static _Noreturn void serve(int listener)
{
    struct epoll_event events[AT_ONCE_MAX], event = {.events = EPOLLIN, .data.fd = listener};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, AT_ONCE_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                answer(epoll, events[i].data.fd);
                continue;
            }
            event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
        }
    }
}

/* Starts it; returns its port. */
static unsigned start_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 128) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        perror("http_cost");
        exit(1);
    }
    if (fork() == 0)
        serve(listener);
    close(listener);
    return ntohs(address.sin_port);
}

/* -- measuring -- */

static char url[64];
static struct histogram took;
static uint64_t done_count;
static int64_t cpu_before;

/* Of all threads; the server is another process. */
static int64_t cpu_used(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * NS_PER_S + used.tv_nsec;
}

static void begin_round(void)
{
    memset(&took, 0, sizeof took);
    done_count = 0;
    cpu_before = cpu_used();
}

static struct result end_round(int64_t ns)
{
    struct histogram_snapshot snapshot = {.count = 0};
    histogram_merge(&snapshot, &took);
    return (struct result){.rate = (double)done_count * 1e9 / (double)ns,
                           .cpu = (double)(cpu_used() - cpu_before) / 1e3 / (double)done_count,
                           .p50 = (double)histogram_quantile(&snapshot, 0.5) / 1e6,
                           .p99 = (double)histogram_quantile(&snapshot, 0.99) / 1e6};
}

/* -- libcurl alone -- */

static size_t ignore_body(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

static void begin_transfer(CURLM *multi, CURL *handle, int64_t *begun)
{
    *begun = clock_monotonic();
    curl_multi_add_handle(multi, handle);
}

static struct result measure_libcurl(unsigned at_once, int64_t ns)
{
    CURLM *multi = curl_multi_init();
    CURL *handles[AT_ONCE_MAX];
    int64_t begun[AT_ONCE_MAX];
    begin_round();
    int64_t begin = clock_monotonic(), now = begin;
    for (unsigned i = 0; i < at_once; i++) {
        handles[i] = curl_easy_init();
        curl_easy_setopt(handles[i], CURLOPT_URL, url);
        curl_easy_setopt(handles[i], CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handles[i], CURLOPT_PROXY, "");
        curl_easy_setopt(handles[i], CURLOPT_WRITEFUNCTION, ignore_body);
        curl_easy_setopt(handles[i], CURLOPT_PRIVATE, &begun[i]);
        begin_transfer(multi, handles[i], &begun[i]);
    }
    while (now - begin < ns) {
        int running, left;
        CURLMsg *message;
        curl_multi_perform(multi, &running);
        now = clock_monotonic();
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            char *private = NULL;
            CURL *handle = message->easy_handle;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &private);
            int64_t *start = (int64_t *)(void *)private;
            histogram_add(&took, (uint64_t)(now - *start));
            done_count++;
            curl_multi_remove_handle(multi, handle);
            begin_transfer(multi, handle, start);
        }
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (unsigned i = 0; i < at_once; i++) {
        curl_multi_remove_handle(multi, handles[i]);
        curl_easy_cleanup(handles[i]);
    }
    curl_multi_cleanup(multi);
    return end_round(now - begin);
}

/* -- host->http_request -- */

struct asking {
    struct sl_instance *self;
    unsigned at_once;
    unsigned under_way;
    int64_t begin;
    int64_t ns;
    sem_t over;
};

static void ask(struct asking *asking);

static void on_response(struct sl_instance *self, struct sl_client *client,
                        const struct sl_http_response *response, void *context)
{
    struct asking *asking = context;
    (void)self, (void)client;
    if (response->outcome != SL_HTTP_ANSWERED)
        abort();
    histogram_add(&took, (uint64_t)response->duration);
    done_count++;
    asking->under_way--;
    if (clock_monotonic() - asking->begin < asking->ns)
        ask(asking);
    else if (asking->under_way == 0)
        sem_post(&asking->over);
}

static void ask(struct asking *asking)
{
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .url = sl_string_of(url)};
    if (asking->self->host->http_request(asking->self, 0, &request, on_response, asking) != 0)
        abort();
    asking->under_way++;
}

static void begin_asking(struct shard *shard, void *context)
{
    struct asking *asking = context;
    asking->self = &rig_endpoint(shard)->setup->chain->stages[0].instance->seen;
    asking->begin = clock_monotonic();
    for (unsigned i = 0; i < asking->at_once; i++)
        ask(asking);
}

static struct result measure_host(struct rig *rig, unsigned at_once, int64_t ns)
{
    struct asking asking = {.at_once = at_once, .ns = ns};
    sem_init(&asking.over, 0, 0);
    begin_round();
    rig_run(rig, begin_asking, &asking);
    sem_wait(&asking.over);
    sem_destroy(&asking.over);
    return end_round(clock_monotonic() - asking.begin);
}

/* -- the table -- */

static int by_rate(const void *left, const void *right)
{
    const struct result *one = left, *other = right;
    return (one->rate > other->rate) - (one->rate < other->rate);
}

static void measure_row(struct rig *rig, unsigned at_once, int64_t ns)
{
    struct result bare[ROUNDS], host[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = measure_libcurl(at_once, ns);
        host[i] = measure_host(rig, at_once, ns);
    }
    qsort(bare, ROUNDS, sizeof *bare, by_rate);
    qsort(host, ROUNDS, sizeof *host, by_rate);
    const struct result *a = &bare[ROUNDS / 2], *b = &host[ROUNDS / 2];
    printf("| %u | %.0f | %.0f | %.2f | %.0f | %.0f | %.2f / %.2f | %.2f / %.2f |\n", at_once,
           a->rate, b->rate, b->rate / a->rate, a->cpu, b->cpu, a->p50, a->p99, b->p50, b->p99);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct rig rig;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: http_cost BUILD [SECONDS]\n");
        return 2;
    }
    int64_t ns = (int64_t)((argc == 3 ? atof(argv[2]) : 1.0) * 1e9);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", start_server());
    curl_global_init(CURL_GLOBAL_DEFAULT);
    rig_create(&rig, argv[1], "[{plugin: nothing}]");
    printf("| in flight | libcurl, requests/s | http_request, requests/s | ratio | "
           "libcurl, µs of CPU | http_request, µs of CPU | libcurl p50 / p99, ms | "
           "http_request p50 / p99, ms |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (unsigned at_once = 1; at_once <= AT_ONCE_MAX; at_once *= 8)
        measure_row(&rig, at_once, ns);
    rig_destroy(&rig);
    return 0;
}
