#include "patterns/typed/check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

namespace restante::typed::detail {

namespace {

/// As Cap'n Proto's own readers have it; honest writers use a few.
constexpr std::size_t segments_max = 512;
/// Each word may be reached so often (several pointers to one list); more is meant to exhaust the processor.
constexpr std::uint64_t traversal_factor = 8;
constexpr std::uint64_t traversal_min = 4096;  // words
/// Cap'n Proto's own default. Deeper is meant to exhaust the stack.
constexpr int nesting_max = 64;

struct Fault {
  explicit Fault(std::string text) : why(std::move(text)) {}
  std::string why;
};

/// What Cap'n Proto says in words: before it stands the expression that did not hold, behind it whom to ask.
std::string text_of(const kj::Exception& exception) {
  std::string_view text(exception.getDescription().begin(), exception.getDescription().size());
  if (const auto semicolon = text.rfind("; "); semicolon != text.npos) text.remove_prefix(semicolon + 2);
  return std::string(text.substr(0, text.find('.')));
}

/// Has every failure thrown. By itself Cap'n Proto goes on with default values while another exception unwinds, and a
/// receive() in a destructor would hand out what is not whole. It also spares the walk over the stack.
class Alarm : public kj::ExceptionCallback {
 public:
  void onRecoverableException(kj::Exception&& exception) override { throw Fault(text_of(exception)); }
  void onFatalException(kj::Exception&& exception) override { throw Fault(text_of(exception)); }
  StackTraceMode stackTraceMode() override { return StackTraceMode::NONE; }
};

bool hold(const std::vector<Condition>& conditions, capnp::Data::Reader data) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    std::uint16_t value = 0;  // as of a shorter struct of an older version
    if (condition.octet + sizeof value <= data.size())
      std::memcpy(&value, data.begin() + condition.octet, sizeof value);
    return value == condition.value;
  });
}

// Cap'n Proto counts how deep these call each other, and what they touch.

void walk(capnp::AnyPointer::Reader pointer, const Shape* shape);

void walk_struct(capnp::AnyStruct::Reader structure, const Members* members) {
  const auto pointers = structure.getPointerSection();
  const auto data = structure.getDataSection();
  auto member = members == nullptr ? Members::const_iterator() : members->begin();
  const auto end = members == nullptr ? member : members->end();
  for (unsigned index = 0; index < pointers.size(); ++index) {
    const Shape* shape = nullptr;
    for (; member != end && member->pointer <= index; ++member) {
      if (member->pointer == index && hold(member->conditions, data)) shape = &member->shape;
    }
    walk(pointers[index], shape);
  }
}

void walk_structs(capnp::AnyList::Reader list, const Members* members) {
  const auto structs = list.as<capnp::List<capnp::AnyStruct>>();
  if (structs.size() == 0 || structs[0].getPointerSection().size() == 0) return;  // all have one layout
  for (const auto structure : structs) walk_struct(structure, members);
}

void walk_pointers(capnp::AnyList::Reader list, const Shape* element) {
  for (const auto pointer : list.as<capnp::List<capnp::AnyPointer>>()) walk(pointer, element);
}

void walk_list(capnp::AnyPointer::Reader pointer, const Shape& shape) {
  // By its schema, as the sizes of elements are checked then.
  const auto list = pointer.getAs<capnp::DynamicList>(shape.list).as<capnp::AnyList>();
  if (shape.element == nullptr) return;
  if (shape.element->kind == Shape::Kind::structure) {
    walk_structs(list, shape.element->members);
  } else {
    walk_pointers(list, shape.element);
  }
}

[[noreturn]] void refuse_capability() { throw Fault("it holds a capability, and those do not travel"); }

void walk_anything(capnp::AnyPointer::Reader pointer) {
  const auto type = pointer.getPointerType();
  if (type == capnp::PointerType::NULL_) return;
  if (type == capnp::PointerType::CAPABILITY) refuse_capability();
  if (type == capnp::PointerType::STRUCT) return walk_struct(pointer.getAs<capnp::AnyStruct>(), nullptr);
  const auto list = pointer.getAs<capnp::AnyList>();
  if (list.getElementSize() == capnp::ElementSize::POINTER) walk_pointers(list, nullptr);
  if (list.getElementSize() == capnp::ElementSize::INLINE_COMPOSITE) walk_structs(list, nullptr);
}

void walk(capnp::AnyPointer::Reader pointer, const Shape* shape) {
  switch (shape == nullptr ? Shape::Kind::anything : shape->kind) {
    case Shape::Kind::anything: return walk_anything(pointer);
    case Shape::Kind::text: return static_cast<void>(pointer.getAs<capnp::Text>());
    case Shape::Kind::data: return static_cast<void>(pointer.getAs<capnp::Data>());
    case Shape::Kind::list: return walk_list(pointer, *shape);
    case Shape::Kind::structure: return walk_struct(pointer.getAs<capnp::AnyStruct>(), shape->members);
    case Shape::Kind::capability:
      if (!pointer.isNull()) refuse_capability();
      return;
  }
}

/// A reader of Cap'n Proto accepts octets behind the last segment, and says less of what is wrong.
void check_table(std::span<const capnp::word> message) {
  const auto number = [&](std::size_t index) {
    std::uint32_t value = 0;
    std::memcpy(&value, reinterpret_cast<const char*>(message.data()) + index * sizeof value, sizeof value);
    return std::size_t{value};
  };
  if (message.empty()) throw Fault("it has no table of segments");
  const std::size_t segments = number(0) + 1;
  if (segments > segments_max) throw Fault("it has " + std::to_string(segments) + " segments, at most 512 are read");
  std::size_t words = segments / 2 + 1;
  if (words > message.size()) throw Fault("its table of segments is cut off");
  for (std::size_t segment = 1; segment <= segments; ++segment) words += number(segment);
  if (words == message.size()) return;
  throw Fault("by its table of segments it has " + std::to_string(words * sizeof(capnp::word)) + " octets, and not " +
              std::to_string(message.size() * sizeof(capnp::word)));
}

/// KJ wants an Alarm on the stack proper, and AddressSanitizer may keep locals elsewhere.
[[gnu::noinline, gnu::no_sanitize_address]] void walk_with_alarm(const kj::ArrayPtr<const capnp::word>& words,
                                                                 const capnp::ReaderOptions& options,
                                                                 const Shape& root) {
  const Alarm alarm;
  capnp::FlatArrayMessageReader reader(words, options);
  walk(reader.getRoot<capnp::AnyPointer>(), &root);
}

}  // namespace

std::string fault_of(std::span<const capnp::word> message, const Shapes& shapes) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::max(traversal_min, traversal_factor * message.size());
  options.nestingLimit = nesting_max;
  const Shape root{Shape::Kind::structure, {}, nullptr, shapes.root()};
  try {
    check_table(message);
    walk_with_alarm(kj::arrayPtr(message.data(), message.size()), options, root);
  } catch (const Fault& fault) {
    return fault.why;
  }
  return {};
}

}  // namespace restante::typed::detail
