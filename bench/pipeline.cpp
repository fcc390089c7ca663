/// \file
/// One end of a measured pipeline: bare-send, bare-recv (a PUSH/PULL pair of libzmq), send, recv (the library).
/// Every payload begins with the time at which it was sent. Prints one JSON line. bench/run.py puts the ends together.

#include <time.h>
#include <zmq.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <restante/node.h>

#include "bench/clock.h"

namespace {

using bench::now_ns;

struct Work {
  std::string role, where;
  std::size_t size = 1024;
  std::uint64_t count = 100000;
  std::uint64_t rate = 0;  ///< messages a second; 0: as fast as it goes
};

/// Keeps a pace without sleeping away more than a tenth of a millisecond; bursts make up for what was missed.
class Pace {
 public:
  explicit Pace(std::uint64_t rate) : rate_(rate), begun_(now_ns()) {}
  void wait(std::uint64_t sent) const {
    if (rate_ == 0) return;
    const std::int64_t due = begun_ + static_cast<std::int64_t>(sent * 1000000000 / rate_);
    for (std::int64_t left = due - now_ns(); left > 0; left = due - now_ns()) {
      timespec nap{0, std::min<std::int64_t>(left, 100000)};
      ::clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, nullptr);
    }
  }

 private:
  std::uint64_t rate_;
  std::int64_t begun_;
};

void stamp(std::string& payload) {
  const std::int64_t now = now_ns();
  std::memcpy(payload.data(), &now, sizeof now);
}

/// What a receiving end saw.
class Seen {
 public:
  explicit Seen(std::uint64_t count) { delays_.reserve(count); }
  void add(const char* payload) {
    std::int64_t sent = 0;
    std::memcpy(&sent, payload, sizeof sent);
    last_ = now_ns();
    if (delays_.empty()) first_ = last_;
    delays_.push_back(last_ - sent);
  }
  [[nodiscard]] std::uint64_t count() const { return delays_.size(); }
  void print() {
    std::sort(delays_.begin(), delays_.end());
    const auto at = [&](double part) {
      return delays_.empty() ? 0.0
                             : static_cast<double>(
                                   delays_[static_cast<std::size_t>(part * static_cast<double>(delays_.size() - 1))]) /
                                   1000;
    };
    const double seconds = static_cast<double>(last_ - first_) / 1e9;
    std::printf("{\"count\": %zu, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"done_ns\": %lld}\n",
                delays_.size(), seconds, at(0.5), at(0.99), static_cast<long long>(last_));
    std::fflush(stdout);
  }

 private:
  std::vector<std::int64_t> delays_;
  std::int64_t first_ = 0, last_ = 0;
};

void say_ready() {
  std::printf("ready\n");
  std::fflush(stdout);
}

int bare_send(const Work& work) {
  void* context = zmq_ctx_new();
  void* socket = zmq_socket(context, ZMQ_PUSH);
  const int mark = 10000;
  zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof mark);
  if (zmq_connect(socket, work.where.c_str()) != 0) return 1;
  std::string payload(work.size, 'x');
  const std::int64_t begun = now_ns();
  const Pace pace(work.rate);
  for (std::uint64_t sent = 0; sent < work.count; ++sent) {
    pace.wait(sent);
    stamp(payload);
    if (zmq_send(socket, payload.data(), payload.size(), 0) < 0) return 1;
  }
  zmq_close(socket);
  zmq_ctx_term(context);
  std::printf("{\"begun_ns\": %lld, \"ended_ns\": %lld}\n", static_cast<long long>(begun),
              static_cast<long long>(now_ns()));
  return 0;
}

int bare_recv(const Work& work) {
  void* context = zmq_ctx_new();
  void* socket = zmq_socket(context, ZMQ_PULL);
  const int mark = 10000;
  zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof mark);
  if (zmq_bind(socket, work.where.c_str()) != 0) return 1;
  say_ready();
  Seen seen(work.count);
  zmq_msg_t message;
  zmq_msg_init(&message);
  while (seen.count() < work.count && zmq_msg_recv(&message, socket, 0) >= 0) {
    seen.add(static_cast<const char*>(zmq_msg_data(&message)));
  }
  zmq_msg_close(&message);
  seen.print();
  zmq_close(socket);
  zmq_ctx_term(context);
  return 0;
}

int send(const Work& work) {
  restante::NodeOptions options;
  options.sidecar = work.where;
  restante::Node node(options);
  auto pusher = node.pusher("bench");
  if (!node.wait_ready(std::chrono::seconds{10})) return 3;
  std::string payload(work.size, 'x');
  const std::int64_t begun = now_ns();
  const Pace pace(work.rate);
  for (std::uint64_t sent = 0; sent < work.count; ++sent) {
    pace.wait(sent);
    stamp(payload);
    pusher.send(payload);
  }
  if (!pusher.flush(std::chrono::seconds{120})) return 1;
  const std::int64_t confirmed = now_ns();
  std::printf("{\"begun_ns\": %lld, \"ended_ns\": %lld}\n", static_cast<long long>(begun),
              static_cast<long long>(confirmed));
  return 0;
}

int recv(const Work& work) {
  restante::NodeOptions options;
  options.sidecar = work.where;
  restante::Node node(options);
  restante::ReceiverOptions receiver;
  receiver.from = {work.where};
  auto puller = node.puller("bench", receiver);
  if (!node.wait_ready(std::chrono::seconds{10})) return 3;
  say_ready();
  Seen seen(work.count);
  while (seen.count() < work.count) {
    auto delivery = puller.receive(std::chrono::seconds{60});
    if (!delivery) return 1;
    seen.add(delivery->payload().data());
    delivery->ack();
  }
  seen.print();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    std::fprintf(stderr, "usage: pipeline bare-send|bare-recv|send|recv ENDPOINT SIZE COUNT RATE\n");
    return 2;
  }
  Work work;
  work.role = words[1];
  work.where = words[2];
  work.size = std::max<std::size_t>(8, std::strtoull(words[3], nullptr, 10));
  work.count = std::strtoull(words[4], nullptr, 10);
  work.rate = std::strtoull(words[5], nullptr, 10);
  if (work.role == "bare-send") return bare_send(work);
  if (work.role == "bare-recv") return bare_recv(work);
  if (work.role == "send") return send(work);
  return recv(work);
}
