#include "base/http/event_loop_internal.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <unordered_map>
#include <vector>

#include "base/log.h"

namespace millpond {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);

}  // namespace

struct EventLoop::Impl {
  boost::asio::io_context context{1};  // one thread runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work =
      boost::asio::make_work_guard(context);
  boost::asio::steady_timer timer{context};
  bool is_ticking = false;
  std::unordered_map<LoopMember*, std::shared_ptr<LoopMember>> members;
  std::thread thread;

  void Run() {
    while (true) {
      // The last catch of a thread: what one connection's work lets through must not end the rest.
      try {
        context.run();
        return;
      } catch (const std::exception& e) {
        Log(LogLevel::kError, "http", fmt::format("an I/O thread met an exception: {}", e.what()));
      }
    }
  }

  void ForEach(const std::function<void(LoopMember&)>& visit) {
    std::vector<std::shared_ptr<LoopMember>> present;  // a visit may remove its member
    present.reserve(members.size());
    for (const auto& [key, member] : members) present.push_back(member);
    for (const auto& member : present) visit(*member);
  }

  void Tick() {  // only while there are members: an idle server sleeps
    is_ticking = true;
    timer.expires_after(kTick);
    timer.async_wait([this](const boost::system::error_code& error) {
      is_ticking = false;
      if (error) return;
      const int64_t now_ms = SteadyMillis();
      ForEach([now_ms](LoopMember& member) { member.CheckDeadline(now_ms); });
      if (!members.empty() && !is_ticking) Tick();
    });
  }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

EventLoop::~EventLoop() {
  Stop();
}

boost::asio::io_context& EventLoop::context() {
  return impl_->context;
}

void EventLoop::Post(std::move_only_function<void()> job) {
  boost::asio::post(impl_->context, std::move(job));
}

void EventLoop::Add(std::shared_ptr<LoopMember> member) {
  LoopMember* key = member.get();
  impl_->members.emplace(key, std::move(member));
  if (!impl_->is_ticking) impl_->Tick();
}

void EventLoop::Remove(LoopMember* member) {
  impl_->members.erase(member);
}

void EventLoop::ForEach(const std::function<void(LoopMember&)>& visit) {
  impl_->ForEach(visit);
}

void EventLoop::Stop() {
  if (!impl_->thread.joinable()) return;
  impl_->context.stop();
  impl_->thread.join();
  impl_->members.clear();
}

int64_t SteadyMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace millpond
