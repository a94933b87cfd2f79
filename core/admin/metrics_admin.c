#include "admin/metrics_admin.h"

#include "admin/admin_access.h"
#include "admin/metrics_writer.h"

void metrics_write_admin(struct metrics_writer *writer, unsigned long long refused,
                         const struct admin_denials *denials)
{
    static const char *const labels[ADMIN_DENIAL_COUNT] = {
#define DENIAL(name, label) [ADMIN_DENIED_FOR_##name] = label,
        ADMIN_DENIALS(DENIAL)
#undef DENIAL
    };
    metrics_put_number(writer, "sluice_admin_refused_total", refused);
    metrics_describe(writer, "sluice_admin_denied_total");
    for (int i = 0; i < ADMIN_DENIAL_COUNT; i++)
        metrics_put(writer, "sluice_admin_denied_total{reason=\"%s\"} %llu\n", labels[i],
                    atomic_load_explicit(&denials->counts[i], memory_order_relaxed));
}
