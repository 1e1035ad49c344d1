// A record for tests and benchmarks of scripts.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/script/script.h"
#include "common/value/value.h"

namespace cognate::script {

class FakeRecord : public RecordAccess {
 public:
  using Values = std::map<std::string, v1::Value, std::less<>>;

  explicit FakeRecord(Values values = {}, Values old_values = {})
      : values_(std::move(values)), old_values_(std::move(old_values)) {}

  const v1::Value* Get(absl::string_view field) const override { return Find(values_, field); }
  const v1::Value* GetOld(absl::string_view field) const override { return Find(old_values_, field); }
  absl::Status Set(absl::string_view field, v1::Value value) override {
    if (refused_.count(std::string(field)) > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("got an assignment to ", field, ", which the step does not write"));
    }
    values_[std::string(field)] = std::move(value);
    return absl::OkStatus();
  }
  void Remove(absl::string_view field) override { values_.erase(std::string(field)); }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, value] : values_) names.push_back(name);
    return names;
  }

  void Refuse(const std::string& field) { refused_.insert(field); }
  const Values& values() const { return values_; }

 private:
  static const v1::Value* Find(const Values& values, absl::string_view field) {
    const auto found = values.find(std::string(field));
    return found == values.end() ? nullptr : &found->second;
  }

  Values values_, old_values_;
  std::set<std::string> refused_;
};

inline SyncFacts ShopSync() { return {"users-to-customers", "blog", "shop", "User", "Customer"}; }

}  // namespace cognate::script
