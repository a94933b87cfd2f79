#include "storage.h"

#include "base/clock.h"
#include "hub/hub.h"
#include "pipeline/chain.h"
#include "rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTRIES 50000
#define ROUNDS 9
#define THREADS_MOST 4

/* One operation on the nth key. */
typedef int operation(const struct sl_instance *self, unsigned n);

struct worker {
    const struct sl_instance *self;
    operation *operation;
    unsigned count;
    unsigned number;
    pthread_barrier_t *start;
    double ns; /* of the thread's time, for each operation */
};

/* -- operations -- */

static struct sl_string key_of(unsigned n, char text[16])
{
    int len = snprintf(text, 16, "user-%09u", n % ENTRIES);
    return (struct sl_string){.data = text, .len = (size_t)len};
}

/* Making the key, which all of them do. */
static int make_key(const struct sl_instance *self, unsigned n)
{
    char text[16];
    (void)self;
    return key_of(n, text).len == 0;
}

static int get(const struct sl_instance *self, unsigned n)
{
    char text[16], value[64];
    return self->host->storage_get(self, SL_STORAGE_INSTANCE, key_of(n, text), value,
                                   sizeof value) != sizeof value;
}

static int set(const struct sl_instance *self, unsigned n)
{
    static const char value[64];
    char text[16];
    return self->host->storage_set(self, SL_STORAGE_INSTANCE, key_of(n, text),
                                   (struct sl_string){value, sizeof value}, 0);
}

static int add(const struct sl_instance *self, unsigned n)
{
    char text[16];
    return self->host->storage_add(self, SL_STORAGE_ENDPOINT, key_of(n, text), 1, 0, NULL);
}

/* All threads the same one. */
static int add_to_one(const struct sl_instance *self, unsigned n)
{
    (void)n;
    return add(self, 0);
}

/* -- measuring -- */

static void *work(void *context)
{
    struct worker *worker = context;
    unsigned n = worker->number * 12345;
    int failed = 0;
    pthread_barrier_wait(worker->start);
    int64_t before = clock_read(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < worker->count; i++)
        failed |= worker->operation(worker->self, n += 7919);
    worker->ns = (double)(clock_read(CLOCK_THREAD_CPUTIME_ID) - before) / worker->count;
    if (failed != 0) {
        fprintf(stderr, "plugin_cost: storage refused what it was to do\n");
        exit(1);
    }
    return NULL;
}

/* The mean of the threads. */
static double run_once(const struct worker *like, unsigned threads)
{
    struct worker workers[THREADS_MOST];
    pthread_t ids[THREADS_MOST];
    pthread_barrier_t start;
    double sum = 0;
    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = *like;
        workers[i].number = i;
        workers[i].start = &start;
        if (pthread_create(&ids[i], NULL, work, &workers[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        sum += workers[i].ns;
    }
    pthread_barrier_destroy(&start);
    return sum / threads;
}

static double best_of(const struct worker *like, unsigned threads, unsigned rounds)
{
    double best = run_once(like, threads);
    while (--rounds > 0) {
        double ns = run_once(like, threads);
        best = ns < best ? ns : best;
    }
    return best;
}

void storage_print(const char *build, bool is_quick)
{
    static const struct {
        const char *title;
        operation *operation;
    } rows[] = {{"storage_get, a value of 64 bytes", get},
                {"storage_set, the same, in place of another", set},
                {"storage_add, each to another counter", add},
                {"storage_add, all to one counter", add_to_one}};
    struct rig rig;
    rig_create(&rig, build, "[{plugin: nothing}]");
    const struct chain *chain = hub_find_endpoint(rig.hub, "/ws")->setup->chain;
    struct worker worker = {.self = &chain->stages[0].instance->seen,
                            .count = is_quick ? 10 : 200000};
    unsigned rounds = is_quick ? 1 : ROUNDS;
    for (unsigned n = 0; n < ENTRIES; n++)
        if (set(worker.self, n) != 0 || add(worker.self, n) != 0)
            abort();
    worker.operation = make_key;
    double without = best_of(&worker, 1, rounds);
    printf("| call | ns, one thread | ns, four threads |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        worker.operation = rows[i].operation;
        printf("| `%.11s`%s | %.0f | %.0f |\n", rows[i].title, rows[i].title + 11,
               best_of(&worker, 1, rounds) - without, best_of(&worker, 4, rounds) - without);
    }
    rig_destroy(&rig);
}
