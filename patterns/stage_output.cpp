#include "patterns/stage_output.h"

#include <algorithm>
#include <utility>

#include <restante/error.h>
#include <restante/limits.h>
#include <restante/stage.h>

#include "core/names.h"
#include "core/wire.h"
#include "patterns/send_check.h"

namespace restante {

void Output::send(std::string_view payload, const Attributes& attributes) {
  state_->send(state_->out(), std::nullopt, payload, attributes);
}

void Output::send(std::string_view topic, std::string_view payload, const Attributes& attributes) {
  state_->send(state_->out(), topic, payload, attributes);
}

void Output::send(const Out& to, std::string_view payload, const Attributes& attributes) {
  state_->send(to.state_, std::nullopt, payload, attributes);
}

void Output::send(const Out& to, std::string_view topic, std::string_view payload, const Attributes& attributes) {
  state_->send(to.state_, topic, payload, attributes);
}

void Output::pass(const Out& to) { state_->pass(to.state_); }

void Output::reject(std::string_view reason) { state_->reject(reason); }

bool Output::extend() noexcept { return state_->extend(); }

namespace detail {

void StageOutput::send(const std::shared_ptr<WriterState>& to, std::optional<std::string_view> topic,
                       std::string_view payload, const Attributes& attributes) {
  add(to, topic, payload, attributes).payload = payload;
}

void StageOutput::pass(const std::shared_ptr<WriterState>& to) { add(to, std::nullopt, input_.payload(), {}); }

const std::shared_ptr<WriterState>& StageOutput::out() {
  if (!out_) refuse("the stage was made without an out: name one with each output");
  return out_;
}

StageOutput::Item& StageOutput::add(const std::shared_ptr<WriterState>& to, std::optional<std::string_view> topic,
                                    std::string_view payload, const Attributes& attributes) {
  const std::string& stream = to->stream();
  if (topic && !to->publishes()) refuse("send to " + stream + ": it is a pipeline, which has no topics");
  Item item{to, {}, {}, {}, attributes.marker, {}};
  try {
    if (to->publishes()) {
      item.topic = topic.value_or(input_.topic());
      check_published(item.topic, attributes, stream);
    }
    check_payload(payload, stream);
    item.attributes = encode_with_input(attributes, stream, item.times);
  } catch (const Error& error) {
    refusal_ = error.what();
    throw;
  }
  octets_ += payload.size() + item.attributes.size();
  if (octets_ > octets_max_) {
    refuse("the outputs of one input have more than " + std::to_string(octets_max_) + " octets (output_octets_max)");
  }
  items_.push_back(std::move(item));
  return items_.back();
}

/// The same at each redelivery of the input, whoever works on it: so it names the stage by what it reads, and the out
/// without the instance that this worker of the stage writes.
std::string StageOutput::origin(const std::string& stream) {
  if (effect_id_.empty()) effect_id_ = input_.effect_id();
  std::string text = effect_id_ + '>';
  if (!reader_.empty()) text.append(reader_) += ':';
  text.append(core::base_of_stream(stream)) += '#';
  text += std::to_string(items_.size());
  if (text.size() <= limits::origin_size_max) return text;
  const auto hops = std::count(effect_id_.begin(), effect_id_.end(), '>');
  refuse("send to " + stream + ": it came through " + std::to_string(hops) + " stages, and their names would have " +
         std::to_string(text.size()) + " octets, of at most " + std::to_string(limits::origin_size_max) +
         "; is there a circle of routes?");
}

std::string StageOutput::encode_with_input(const Attributes& own, const std::string& stream,
                                           core::DeliveryTimes& times) {
  const Attributes of_input = input_.attributes();
  const auto chosen = [](std::string_view mine, std::string_view other) { return mine.empty() ? other : mine; };
  std::vector<Header> headers(own.headers.begin(), own.headers.end());
  std::erase_if(headers, [](const Header& header) { return header.name == origin_header; });
  const std::size_t mine = headers.size();
  for (const Header& header : of_input.headers) {
    const auto end = headers.begin() + static_cast<std::ptrdiff_t>(mine);
    const bool known = std::any_of(headers.begin(), end, [&](const Header& each) { return each.name == header.name; });
    if (!known && header.name != origin_header) headers.push_back(header);
  }
  const std::string origin_text = origin(stream);
  headers.push_back({origin_header, origin_text});
  Attributes all;
  all.content_type = chosen(own.content_type, of_input.content_type);
  all.correlation_id = chosen(own.correlation_id, of_input.correlation_id);
  all.traceparent = chosen(own.traceparent, of_input.traceparent);
  all.key = chosen(own.key, of_input.key);
  all.headers = headers;
  all.marker = own.marker;
  all.expire_after = own.expire_after == forever ? of_input.expire_after : own.expire_after;
  all.deliver_after = own.deliver_after;
  times = times_of(all, stream);
  return encode(all, stream);
}

void StageOutput::refuse(const std::string& why) {
  refusal_ = why;
  throw Error(ErrorCode::bad_argument, why);
}

}  // namespace detail
}  // namespace restante
