#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cognate/v1/record.pb.h"

namespace cognate::faults {

// A record as it should be on every target. References are by the source's own ids.
struct Expected {
  int64_t serial = 0;
  std::string name;
  std::string amount;  // Two digits after the point.
  std::string person;  // Empty for persons.
  std::string sibling;
  bool operator==(const Expected&) const = default;
};

// A seeded stream of changes over persons and the items that belong to them (required) and point at each
// other (optional), with creates, updates, moves, deletes and ids that are used again. It keeps the state
// that must result: the oracle.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  // `count` more changes, in order. Change ids are unique; every change raises the serial of its record.
  std::vector<v1::Change> Next(int count);
  const std::map<std::string, Expected>& persons() const { return persons_; }
  const std::map<std::string, Expected>& items() const { return items_; }
  size_t distinct_records() const { return touched_.size(); }

 private:
  v1::Change ChangePerson();
  v1::Change ChangeItem();
  std::optional<v1::Change> DeleteSomething();
  v1::Change Write(const char* model, const std::string& id, Expected& record, bool created);
  v1::Change Begin(const char* model, const std::string& id, v1::Operation operation);
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  const std::string& AnyOf(const std::map<std::string, Expected>& records);

  std::mt19937_64 random_;
  int64_t serial_ = 0;
  std::map<std::string, Expected> persons_;
  std::map<std::string, Expected> items_;
  std::map<std::string, int> touched_;
};

inline constexpr char kPerson[] = "person";
inline constexpr char kItem[] = "item";

}  // namespace cognate::faults
