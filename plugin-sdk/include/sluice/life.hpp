/*
 * sluice/life.hpp - whether a plugin's object is there, for what does not come from a client:
 * timers, offloaded work, HTTP requests and lists of clients. They may come back after `create` has
 * failed, and in a reload, on a loop's thread, while it still runs. Included by
 * sluice/instance.hpp.
 */
#ifndef SLUICE_LIFE_HPP
#define SLUICE_LIFE_HPP

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace sluice::detail
{

/* Lies behind the object in the state block, which the server keeps until all has come back. */
class Life
{
  public:
    bool is_constructing() const
    {
        return state_.load() == constructing;
    }
    /* The constructor has returned, and start() is next. */
    void begin()
    {
        state_.store(starting);
    }
    /* start() has returned, so the object is there until `destroy`. */
    void settle()
    {
        state_.store(there, std::memory_order_release);
    }
    /* start() has thrown: nothing is called any more, and what is being called has returned. */
    void fail()
    {
        state_.store(failed);
        while (inside_.load() != 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    /* Calls call(), which throws nothing, unless there is no object. */
    template <class Call> void while_there(Call call) noexcept
    {
        if (state_.load(std::memory_order_acquire) == there) {
            call();
            return;
        }
        inside_.fetch_add(1); /* Before the state is read, as fail() writes that first. */
        const std::uint64_t state = state_.load();
        if (state == starting || state == there)
            call();
        inside_.fetch_sub(1);
    }

  private:
    /* 16 bytes, so that nothing lies between it and the object. */
    enum : std::uint64_t { constructing, starting, there, failed };
    std::atomic<std::uint64_t> state_{constructing};
    std::atomic<std::uint64_t> inside_{0};
};

} // namespace sluice::detail
#endif
