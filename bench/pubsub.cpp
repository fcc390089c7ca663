/// \file
/// One end of a measured publication: bare-pub, bare-sub (PUB and SUB of libzmq), live, kept (a publisher of the
/// library, of a stream that keeps nothing or of one that does), sub (subscribers without a name).
///
///   pubsub ROLE ENDPOINT SIZE COUNT SUBSCRIBERS
///
/// A receiving end has all its subscribers in one process, a thread each, on both sides. It says `ready` when each has
/// heard something, and prints a JSON line when each has heard the end. A publishing end warms them up until its input
/// says go, publishes, prints a JSON line, and tells the end until its input ends: a PUB may drop any message. The
/// first octet of a payload is its kind, the second eight are its number. bench/run.py puts the ends together.

#include <poll.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <restante/node.h>

#include "bench/clock.h"

namespace {

using bench::now_ns;
using Say = std::function<void(std::string_view payload)>;

constexpr char warm = 'w', data = 'd', end = 'e';
constexpr const char* topic = "t";

struct Work {
  std::string role, where;
  std::size_t size = 100;
  std::uint64_t count = 0;
  std::size_t subscribers = 1;
};

/// What one subscriber heard.
struct Heard {
  std::uint64_t count = 0;
  std::uint64_t last = 0;
  std::uint64_t disorder = 0;
  std::int64_t done_ns = 0;
  bool warmed_up = false;
};

/// How many of the receiving end's subscribers have heard something.
std::atomic<std::size_t> warmed_up{0};

/// True until the end.
bool note(Heard& heard, std::string_view payload, const Work& work) {
  if (!heard.warmed_up) {
    heard.warmed_up = true;
    if (warmed_up.fetch_add(1) + 1 == work.subscribers) {
      std::printf("ready\n");
      std::fflush(stdout);
    }
  }
  if (payload[0] != data) return payload[0] != end;
  std::uint64_t number = 0;
  std::memcpy(&number, payload.data() + 8, sizeof number);
  if (number <= heard.last) ++heard.disorder;
  heard.last = number;
  ++heard.count;
  if ((heard.count & 63U) == 0 || number == work.count) heard.done_ns = now_ns();
  return true;
}

int tell(const std::vector<Heard>& heard) {
  std::uint64_t all = 0, least = ~std::uint64_t{0}, disorder = 0;
  std::int64_t done = 0;
  for (const Heard& one : heard) {
    all += one.count;
    least = std::min(least, one.count);
    disorder += one.disorder;
    done = std::max(done, one.done_ns);
  }
  std::printf("{\"arrived\": %lu, \"least\": %lu, \"disorder\": %lu, \"done_ns\": %lld}\n", all, least, disorder,
              static_cast<long long>(done));
  std::fflush(stdout);
  return 0;
}

/// A thread for each subscriber.
int receive_all(const Work& work, const std::function<void(std::size_t, Heard&)>& one) {
  std::vector<Heard> heard(work.subscribers);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < heard.size(); ++i) threads.emplace_back([&, i] { one(i, heard[i]); });
  }
  return tell(heard);
}

bool input_within(int milliseconds) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, milliseconds) > 0;
}

/// The publishing end, whatever it publishes with.
int publish(const Work& work, const Say& say, const std::function<bool()>& done) {
  std::string payload(work.size, warm);
  while (!input_within(5)) say(payload);
  char go = 0;
  if (::read(STDIN_FILENO, &go, 1) != 1) return 1;
  payload[0] = data;
  const std::int64_t begun = now_ns();
  for (std::uint64_t number = 1; number <= work.count; ++number) {
    std::memcpy(payload.data() + 8, &number, sizeof number);
    say(payload);
  }
  if (!done()) return 1;
  std::printf("{\"begun_ns\": %lld, \"ended_ns\": %lld}\n", static_cast<long long>(begun),
              static_cast<long long>(now_ns()));
  std::fflush(stdout);
  payload[0] = end;
  while (!input_within(5)) say(payload);
  return 0;
}

/// Nothing is dropped on the bare side for want of room: it is as fast as it can be, and takes the memory that it
/// needs.
void* bare_socket(void* context, int type) {
  void* socket = zmq_socket(context, type);
  const int mark = 0, linger = 0;
  zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof mark);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof mark);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  return socket;
}

int bare_pub(const Work& work) {
  void* context = zmq_ctx_new();
  void* socket = bare_socket(context, ZMQ_PUB);
  if (zmq_bind(socket, work.where.c_str()) != 0) return 1;
  const auto say = [&](std::string_view payload) { zmq_send(socket, payload.data(), payload.size(), 0); };
  const int status = publish(work, say, [] { return true; });
  zmq_close(socket);
  zmq_ctx_term(context);
  return status;
}

int bare_sub(const Work& work) {
  void* context = zmq_ctx_new();
  const int status = receive_all(work, [&](std::size_t, Heard& heard) {
    void* socket = bare_socket(context, ZMQ_SUB);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    zmq_msg_t message;
    zmq_msg_init(&message);
    bool more = zmq_connect(socket, work.where.c_str()) == 0;
    while (more && zmq_msg_recv(&message, socket, 0) >= 0) {
      more = note(heard, {static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message)}, work);
    }
    zmq_msg_close(&message);
    zmq_close(socket);
  });
  zmq_ctx_term(context);
  return status;
}

restante::NodeOptions node_options(const Work& work) {
  restante::NodeOptions options;
  options.sidecar = work.where;
  return options;
}

int pub(const Work& work) {
  restante::Node node(node_options(work));
  restante::SenderOptions options;
  options.live_only = work.role == "live";
  auto publisher = node.publisher("bench", options);
  if (!node.wait_ready(std::chrono::seconds{10})) return 3;
  const auto say = [&](std::string_view payload) { publisher.send(topic, payload); };
  return publish(work, say, [&] { return publisher.flush(std::chrono::seconds{120}); });
}

int sub(const Work& work) {
  restante::Node node(node_options(work));
  restante::ReceiverOptions options;
  options.from = {work.where};
  options.on_gap = [](const restante::Gap&) {};  // what is missing is counted by what came
  std::vector<restante::Subscriber> subscribers;
  for (std::size_t i = 0; i < work.subscribers; ++i) {
    subscribers.push_back(node.subscriber("bench", {"#"}, {}, options));
  }
  return receive_all(work, [&](std::size_t i, Heard& heard) {
    for (bool more = true; more;) {
      auto delivery = subscribers[i].receive(std::chrono::seconds{60});
      if (!delivery) return;
      more = note(heard, delivery->payload(), work);
      delivery->ack();
    }
  });
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    std::fprintf(stderr, "usage: pubsub bare-pub|bare-sub|live|kept|sub ENDPOINT SIZE COUNT SUBSCRIBERS\n");
    return 2;
  }
  Work work;
  work.role = words[1];
  work.where = words[2];
  work.size = std::max<std::size_t>(16, std::strtoull(words[3], nullptr, 10));
  work.count = std::strtoull(words[4], nullptr, 10);
  work.subscribers = std::max<std::size_t>(1, std::strtoull(words[5], nullptr, 10));
  if (work.role == "bare-pub") return bare_pub(work);
  if (work.role == "bare-sub") return bare_sub(work);
  if (work.role == "sub") return sub(work);
  return pub(work);
}
