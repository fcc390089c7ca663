#pragma once
/// \file
/// Inside of typed.h: payloads made of, and read as, a struct of Cap'n Proto. Not for applications.

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <capnp/message.h>
#include <capnp/schema.h>
#include <kj/array.h>
#include <kj/exception.h>

#include <restante/delivery.h>
#include <restante/options.h>
#include <restante/pipeline.h>

namespace restante::typed {

/// A struct of a schema, as capnpc-c++ writes it.
template <typename T>
concept Struct = (CAPNP_KIND(T) == capnp::Kind::STRUCT);

/// What a message can be made of: something that fills a T::Builder, or a T to copy.
template <typename Content, typename T>
concept ContentOf = std::invocable<Content, typename T::Builder> || std::convertible_to<Content, typename T::Reader>;

}  // namespace restante::typed

namespace restante::typed::detail {

class Shapes;

/// One type: what its messages say of themselves, and how they are checked. Thread-safe; one of each type a process.
class Format {
 public:
  explicit Format(capnp::StructSchema schema);
  ~Format();
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;

  [[nodiscard]] std::string_view content_type() const noexcept { return content_type_; }
  /// With the content type. Throws Error bad_argument if they have another one.
  [[nodiscard]] Attributes put_into(Attributes attributes) const;
  /// A reader of the payload of `delivery`, which was walked through and found to be whole. Null if it is not of this
  /// type, with what was expected and what came in `why`.
  [[nodiscard]] std::unique_ptr<capnp::MessageReader> open(const Delivery& delivery, std::string& why) const;
  /// Throws the Error of a send() whose value threw `exception` when it was copied.
  [[noreturn]] void refuse_value(const kj::Exception& exception) const;

 private:
  [[nodiscard]] bool is_mine(std::string_view content_type) const;

  std::uint64_t id_;
  std::string name_;
  std::string content_type_;
  std::unique_ptr<const Shapes> shapes_;
};

template <Struct T>
const Format& format_of() {
  static const Format format(capnp::Schema::from<T>());
  return format;
}

/// Zeroed memory that is lent by this thread, and given back larger if it was too small.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// For one segment.
  [[nodiscard]] kj::ArrayPtr<capnp::word> room() noexcept;
  /// As it travels: a table of one segment with so many words, and the segment.
  [[nodiscard]] std::string_view framed(std::size_t words) noexcept;
  /// So many would have been enough.
  void note_need(std::size_t words) noexcept { needed_ = words; }

 private:
  std::vector<std::uint64_t> words_;  // the first is the table
  std::size_t needed_ = 0;
};

/// A message under construction. Of one thread, on its stack.
class AnyDraft {
 public:
  AnyDraft() : message_(scratch_.room()) {}
  AnyDraft(const AnyDraft&) = delete;
  AnyDraft& operator=(const AnyDraft&) = delete;

  /// As they travel: a table of segments, and the segments. Valid while this lives and nothing more is built.
  [[nodiscard]] std::string_view octets();

 protected:
  ~AnyDraft() = default;
  capnp::MessageBuilder& message() noexcept { return message_; }

 private:
  Scratch scratch_;
  capnp::MallocMessageBuilder message_;  // zeroes the scratch at its end, before that is given back
  kj::Array<capnp::word> flat_;          // of a message that did not fit there
};

template <Struct T>
class Draft : public AnyDraft {
 public:
  template <ContentOf<T> Content>
  explicit Draft(Content&& content) {
    if constexpr (std::invocable<Content, typename T::Builder>) {
      std::forward<Content>(content)(message().template initRoot<T>());
    } else {
      const typename T::Reader value = std::forward<Content>(content);
      try {
        message().setRoot(value);
      } catch (const kj::Exception& exception) {
        format_of<T>().refuse_value(exception);
      }
    }
  }
};

/// What lets messages of one type through, and rejects, counts and tells all others. Thread-safe; movable.
class Gate {
 public:
  explicit Gate(const Format& format)
      : format_(&format), mismatched_(std::make_unique<std::atomic<std::uint64_t>>(0)) {}

  /// The next delivery of `puller` that is of the type, with its reader in `message`.
  std::optional<Delivery> receive(Puller& puller, Duration timeout, std::unique_ptr<capnp::MessageReader>& message);
  /// Null: it was rejected.
  std::unique_ptr<capnp::MessageReader> open(const Puller& puller, Delivery& delivery);
  [[nodiscard]] std::uint64_t mismatched() const noexcept { return mismatched_->load(std::memory_order_relaxed); }

 private:
  const Format* format_;
  std::unique_ptr<std::atomic<std::uint64_t>> mismatched_;
};

/// Puts a delivery that was lent back to where it came from: run() settles it there.
class HandBack {
 public:
  HandBack(Delivery& home, Delivery& lent) noexcept : home_(home), lent_(lent) {}
  ~HandBack() { home_ = std::move(lent_); }
  HandBack(const HandBack&) = delete;
  HandBack& operator=(const HandBack&) = delete;

 private:
  Delivery& home_;
  Delivery& lent_;
};

}  // namespace restante::typed::detail
