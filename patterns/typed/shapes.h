#pragma once
/// \file
/// What the pointers of a message have to be, by its schema: worked out once, so that a check asks no schema.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <capnp/schema.h>

namespace restante::typed::detail {

struct Member;
/// The pointers of one struct, by rising index, without those that may be anything.
using Members = std::vector<Member>;

/// What one pointer has to be.
struct Shape {
  enum class Kind : std::uint8_t { anything, text, data, list, structure, capability };

  Kind kind = Kind::anything;
  capnp::ListSchema list{};          ///< of a list
  const Shape* element = nullptr;    ///< of a list of pointers or structs
  const Members* members = nullptr;  ///< of a struct; null: its pointers may be anything
};

/// A union has to have this member.
struct Condition {
  std::uint32_t octet;  ///< of its discriminant, in the data of the struct
  std::uint16_t value;
};

struct Member {
  std::uint32_t pointer;
  std::vector<Condition> conditions;  ///< if one does not hold, the pointer is another member's, or nobody's
  Shape shape;
};

/// All that can be reached from one struct; owns them. Does not change once it is made.
class Shapes {
 public:
  explicit Shapes(capnp::StructSchema root) { root_ = members_of(root); }
  Shapes(const Shapes&) = delete;
  Shapes& operator=(const Shapes&) = delete;

  [[nodiscard]] const Members* root() const noexcept { return root_; }

 private:
  const Members* members_of(capnp::StructSchema schema);
  void collect(capnp::StructSchema schema, const std::vector<Condition>& conditions, Members& members);
  Shape shape_of(capnp::Type type);

  std::vector<std::pair<capnp::StructSchema, std::unique_ptr<Members>>> structs_;
  std::vector<std::unique_ptr<Shape>> elements_;
  const Members* root_ = nullptr;
};

}  // namespace restante::typed::detail
