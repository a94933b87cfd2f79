/*
 * @NAME@: lets a client send a limited number of messages.
 *
 * Hooks of one client run one at a time; hooks of different clients may run at once. So what
 * belongs to a client lies in its state, and what belongs to the instance does not change after the
 * constructor.
 */
#include <sluice/plugin.hpp>

#include <cstdint>
#include <string>

namespace
{

/* Of a client. */
struct Session {
    std::int64_t sent = 0;
};

/* One use of the plugin in a pipeline. */
class Limiter : public sluice::Plugin<Limiter, Session>
{
  public:
    static constexpr sluice::About about{
        .name = "@NAME@",
        .version = "0.1.0",
        .summary = "Lets a client send a limited number of messages",
        .license = "MIT",
    };
    static constexpr sluice::Option options[] = {
        {.name = "limit",
         .type = SL_OPTION_INTEGER,
         .default_value = "100",
         .minimum = 1,
         .maximum = 1000000,
         .summary = "How many messages of a client pass"},
    };

    /* What is thrown here is what the operator reads: the server does not start. */
    explicit Limiter(sluice::Instance self)
        : Plugin(self), limit(option("limit").integer()),
          dropped(counter("dropped_total", "Messages over the limit"))
    {
    }

    sluice::Verdict on_message(sluice::Client client, sluice::Message message)
    {
        Session &mine = state(client);
        if (message.text() == "count") {
            client.send(std::to_string(mine.sent) + " of " + std::to_string(limit));
            return SL_HANDLED;
        }
        if (mine.sent >= limit) {
            dropped.add();
            return SL_DROP;
        }
        mine.sent++;
        return SL_CONTINUE;
    }

  private:
    std::int64_t limit;
    sluice::Metric dropped;
};

} // namespace

SLUICE_PLUGIN(Limiter)
