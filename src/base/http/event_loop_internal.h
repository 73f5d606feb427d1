// One I/O thread: an Asio context and the connections that live on it. A connection is touched by
// its own thread only, so none of them needs a lock. Deadlines are looked at a few times a second
// for all connections at once, which costs a request nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

namespace boost::asio {
class io_context;
}

namespace millpond {

class LoopMember {
 public:
  virtual ~LoopMember() = default;
  // `now_ms`: steady time, as SteadyMillis.
  virtual void CheckDeadline(int64_t now_ms) = 0;
  virtual void BeginStop() = 0;  // ends when the present request is answered
  virtual void Cut() = 0;        // ends now
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();  // stops; members are gone afterwards
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  boost::asio::io_context& context();
  void Post(std::move_only_function<void()> job);  // from any thread

  // On this loop's thread:
  void Add(std::shared_ptr<LoopMember> member);
  void Remove(LoopMember* member);
  void ForEach(const std::function<void(LoopMember&)>& visit);

  void Stop();  // from another thread; joins

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Milliseconds of the steady clock.
int64_t SteadyMillis();

}  // namespace millpond
