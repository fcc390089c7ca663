#include "tests/sim/sim_producer.h"

#include "core/assert.h"

namespace restante::sim {

namespace {

std::string payload_of(std::uint64_t number, std::size_t size) {
  std::string payload = std::to_string(number) + ":";
  while (payload.size() < size) payload += static_cast<char>('a' + (number * 7 + payload.size()) % 26);
  return payload;
}

}  // namespace

core::Producer::Options SimProducer::options_of(const std::string& stream, std::uint64_t handle, std::uint32_t pid,
                                                std::uint64_t window, core::StreamPattern pattern,
                                                const core::Retention& retention) {
  core::Producer::Options options;
  options.handle = handle;
  options.stream = stream;
  options.window = window;
  options.live_endpoints = {endpoint_of(pid)};
  options.pattern = pattern;
  options.retention = retention;
  return options;
}

SimProducer::SimProducer(std::string stream, std::uint64_t handle, std::uint32_t pid, std::uint64_t window,
                         core::StreamPattern pattern, const core::Retention& retention)
    : core_(options_of(stream, handle, pid, window, pattern, retention)),
      client_("producer", pid),
      stream_(std::move(stream)) {}

Buffer SimProducer::send(Ledger& ledger, std::uint64_t& next_number, const Shape& shape, core::Instant now,
                         const core::Producer::TryLive& live) {
  core::BatchBuilder builder(stream_, shape.topic);
  builder.set_times(shape.times);
  std::vector<std::pair<std::uint64_t, std::string>> sent;
  for (std::size_t at = 0; at < shape.messages; ++at) {
    sent.emplace_back(next_number + at, payload_of(next_number + at, shape.payload));
    builder.append(sent.back().second);
  }
  if (!core_.can_send(builder.size(), shape.messages)) return {};
  const std::uint64_t before = core_.sent();
  // The ledger must know a message before any copy of it can be handed out.
  bool told = false;
  const auto tell = [&](const Buffer& batch) {
    if (told) return;
    told = true;
    std::string why;
    const auto parsed = core::Batch::parse(batch, why);
    RESTANTE_ASSERT(parsed.has_value());
    const std::chrono::milliseconds age(shape.times.expire_after_ms);
    const std::chrono::milliseconds delay(shape.judges_delay ? shape.times.deliver_after_ms : 0);
    for (std::size_t at = 0; at < sent.size(); ++at) {
      ledger.on_sent(sent[at].first,
                     {stream_, shape.topic, sent[at].second, parsed->header().grant, parsed->header().first + at,
                      age.count() == 0 ? core::never : now + age, now + delay});
    }
  };
  core_.send(builder, shape.marker, 0, [&](core::Token target, const std::string& endpoint, const Buffer& batch) {
    tell(Buffer::copy_of(batch.octets()));
    return live(target, endpoint, Buffer::copy_of(batch.octets()));
  });
  RESTANTE_ASSERT(core_.sent() == before + shape.messages);
  Buffer copy;
  for (const auto& [number, payload] : sent) unconfirmed_.push_back(number);
  for (core::Producer::Effect& effect : core_.take_effects()) {
    if (effect.batch.empty()) {
      client_.send(std::move(effect.message), now);
      continue;
    }
    tell(effect.batch);
    copy = effect.batch;
    client_.send_copy(effect.batch, now);
  }
  next_number += shape.messages;
  if (core_.unconfirmed_octets() > window_ && core_.unconfirmed_octets() > copy.size()) {
    throw Violation("window passed: " + std::to_string(core_.unconfirmed_octets()) + " octets of " +
                    std::to_string(window_) + " are unconfirmed");
  }
  return copy;
}

void SimProducer::perform(Ledger& ledger, core::Instant now) {
  for (core::Producer::Effect& effect : core_.take_effects()) {
    if (effect.batch.empty()) {
      client_.send(std::move(effect.message), now);
    } else {
      client_.send_copy(effect.batch, now);
    }
  }
  for (; confirmed_ < core_.confirmed(); ++confirmed_) {
    ledger.on_confirmed(unconfirmed_.front());
    unconfirmed_.pop_front();
  }
}

bool SimProducer::receive(Ledger& ledger, core::Instant now) {
  const auto message = [&](const core::ControlMessage& told) {
    if (const auto* granted = std::get_if<core::Granted>(&told)) window_ = granted->window;
    if (const auto* attached = std::get_if<core::Attached>(&told)) window_ = attached->window;
    if (const auto* confirmed = std::get_if<core::Confirmed>(&told)) window_ = confirmed->window;
    core_.on_message(told);
  };
  const Client::Handlers handlers{[&] { core_.on_link_up(); }, [&] { core_.on_link_down(); }, message,
                                  [](const core::Redelivery&, const Buffer&) {}};
  if (!client_.receive(now, handlers)) return false;
  perform(ledger, now);
  return true;
}

void SimProducer::tick(core::Instant now) {
  if (client_.tick(now)) core_.on_link_down();
  core_.on_time(now);
  for (core::Producer::Effect& effect : core_.take_effects()) {
    RESTANTE_ASSERT(effect.batch.empty());
    client_.send(std::move(effect.message), now);
  }
}

}  // namespace restante::sim
