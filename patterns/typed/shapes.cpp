#include "patterns/typed/shapes.h"

#include <algorithm>
#include <cstddef>

#include <capnp/schema.capnp.h>

namespace restante::typed::detail {

namespace {

/// A generic type can hold itself with ever other parameters. What is beyond this is checked as what may be anything.
constexpr std::size_t structs_max = 1000;

}  // namespace

const Members* Shapes::members_of(capnp::StructSchema schema) {
  for (const auto& [known, members] : structs_) {
    if (known == schema) return members.get();
  }
  if (structs_.size() >= structs_max) return nullptr;
  // Known before it is complete: it may hold itself.
  Members& members = *structs_.emplace_back(schema, std::make_unique<Members>()).second;
  Members found;
  collect(schema, {}, found);
  std::stable_sort(found.begin(), found.end(), [](const Member& a, const Member& b) { return a.pointer < b.pointer; });
  members = std::move(found);
  return &members;
}

void Shapes::collect(capnp::StructSchema schema, const std::vector<Condition>& conditions, Members& members) {
  for (const auto field : schema.getFields()) {
    const auto proto = field.getProto();
    auto all = conditions;
    if (proto.getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT) {
      const std::uint32_t octet = schema.getProto().getStruct().getDiscriminantOffset() * 2;
      all.push_back({octet, proto.getDiscriminantValue()});
    }
    if (proto.isGroup()) {  // its fields lie in the same struct
      collect(field.getType().asStruct(), all, members);
      continue;
    }
    Shape shape = shape_of(field.getType());
    if (shape.kind != Shape::Kind::anything) members.push_back({proto.getSlot().getOffset(), std::move(all), shape});
  }
}

Shape Shapes::shape_of(capnp::Type type) {
  using Kind = Shape::Kind;
  if (type.isText()) return {Kind::text};
  if (type.isData()) return {Kind::data};
  if (type.isInterface()) return {Kind::capability};
  if (type.isStruct()) return {Kind::structure, {}, nullptr, members_of(type.asStruct())};
  if (!type.isList()) return {};  // AnyPointer; or no pointer at all, and not asked for
  const capnp::Type element_type = type.asList().getElementType();
  if (element_type.isAnyPointer()) return {};
  const Shape element = shape_of(element_type);
  if (element.kind == Kind::anything) return {Kind::list, type.asList()};  // of numbers
  elements_.push_back(std::make_unique<Shape>(element));
  return {Kind::list, type.asList(), elements_.back().get()};
}

}  // namespace restante::typed::detail
