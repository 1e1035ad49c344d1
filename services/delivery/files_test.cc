#include "services/delivery/files.h"

#include <set>

#include "absl/strings/str_format.h"
#include "common/clock/fake_clock.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One record with a title, a picture, and a list of pictures as JSON.
std::vector<LaneEntry> Entries(const std::string& picture, const std::vector<std::string>& pictures,
                               const v1::FileRule& rule = {}) {
  bus::v1::LaneBatch batch;
  bus::v1::DeliveryGroup& group = *batch.add_groups();
  group.set_model("writer");
  group.set_source_platform("magazine");
  group.set_source_model("author");
  for (const char* const field : {"title", "picture", "pictures"}) group.add_field_names(field);
  for (const int place : {1, 2}) {
    bus::v1::FileField& file = *group.add_files();
    file.set_place(place);
    file.set_source_field("avatar");
    *file.mutable_rule() = rule;
  }
  bus::v1::Delivery& delivery = *group.add_deliveries();
  delivery.set_entity_id(std::string(16, 'e'));
  delivery.set_version(7);
  delivery.set_operation(v1::OPERATION_UPDATE);
  delivery.set_source_local_id("1");
  *delivery.add_values() = value::Text("Ada");
  *delivery.add_values() = picture.empty() ? value::Null() : value::Text(picture);
  v1::Value& list = *delivery.add_values();
  list.mutable_encoded_value()->set_encoding(v1::ENCODING_JSON);
  list.mutable_encoded_value()->mutable_value()->mutable_list_value();
  for (const std::string& path : pictures)
    *list.mutable_encoded_value()->mutable_value()->mutable_list_value()->add_values() = value::Text(path);
  bus::v1::DeliveryGroup& plain = *batch.add_groups();
  plain.set_model("reader");
  plain.add_field_names("title");
  bus::v1::Delivery& reader = *plain.add_deliveries();
  reader.set_entity_id(std::string(16, 'r'));
  reader.set_version(8);
  *reader.add_values() = value::Text("Bob");
  std::vector<LaneEntry> entries;
  entries.push_back({"1-0", std::move(batch), 2, {}});
  return entries;
}

// One whose fields lead to nothing, under this id of the target.
std::vector<LaneEntry> Emptied(const std::string& local_id) {
  std::vector<LaneEntry> entries = Entries("", {});
  entries[0].batch.mutable_groups(0)->mutable_deliveries(0)->set_local_id(local_id);
  return entries;
}

// Answers by the path that is asked for: `missing…`, `bad…`, others are placed.
absl::StatusOr<v1::BindResponse> Answer(const v1::BindRequest& request) {
  v1::BindResponse response;
  for (const v1::FileBinding& binding : request.bindings()) {
    v1::BoundFile& file = *response.add_files();
    const std::string& path = binding.value().text_value();
    if (path.starts_with("missing")) {
      file.set_state(v1::PLACEMENT_STATE_LACKING);
      file.set_waits_for(path);
    } else if (path.starts_with("bad")) {
      file.set_state(v1::PLACEMENT_STATE_REFUSED);
      file.mutable_error()->set_reason("FILE_TYPE_REFUSED");
      file.mutable_error()->set_message(path + " is not taken");
    } else {
      file.set_state(v1::PLACEMENT_STATE_PLACED);
      *file.mutable_value() = value::Text("there/" + path);
    }
  }
  return response;
}

class FilesTest : public ::testing::Test {
 protected:
  Files Asking() {
    return Files("blog", clock_, [this](const v1::BindRequest& request, absl::Duration timeout) {
      requests_.push_back(request);
      timeouts_.push_back(timeout);
      return is_down_ ? absl::UnavailableError("down") : Answer(request);
    });
  }
  // A round with this record, that the target takes without files.
  void Empty(Files& files, char entity) {
    std::vector<LaneEntry> entries = Emptied("100");
    entries[0].batch.mutable_groups(0)->mutable_deliveries(0)->set_entity_id(std::string(16, entity));
    Round round(std::move(entries));
    files.Fill(round, stop_);
    round.items()[0].taken = true;
    files.LetGo(round, stop_);
  }

  StopToken stop_;
  FakeClock clock_;
  std::vector<v1::BindRequest> requests_;
  std::vector<absl::Duration> timeouts_;
  bool is_down_ = false;
};

TEST_F(FilesTest, FieldsGetThePathsOnTheTarget) {
  Round round(Entries("a.png", {"b.png", "c.png"}));
  Asking().Fill(round, stop_);
  const RoundItem& item = round.items()[0];
  EXPECT_FALSE(item.is_answered());
  EXPECT_EQ(item.delivery->values(1).text_value(), "there/a.png");
  EXPECT_EQ(item.delivery->values(2).text_value(), "[\"there/b.png\", \"there/c.png\"]");
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].bindings_size(), 3);
  EXPECT_EQ(requests_[0].rules_size(), 1);
  EXPECT_EQ(requests_[0].bindings(2).position(), 1);
  EXPECT_TRUE(item.ToSend().complete);
}

TEST_F(FilesTest, NobodyIsAskedWhereThereAreNoFiles) {
  Round round(Entries("", {}));
  Asking().Fill(round, stop_);
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_EQ(round.items()[0].delivery->values(2).text_value(), "[]");
}

TEST_F(FilesTest, AnEmptiedFieldLetsItsFilesGoOnceTheTargetHasTakenIt) {
  Files files = Asking();
  Round round(Emptied("100"));
  files.Fill(round, stop_);
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_FALSE(round.items()[0].is_answered());
  EXPECT_TRUE(round.items()[0].delivery->values(1).has_null_value());
  EXPECT_EQ(round.items()[0].delivery->values(2).text_value(), "[]");
  round.items()[0].taken = true;
  files.LetGo(round, stop_);
  ASSERT_EQ(requests_.size(), 1u);
  ASSERT_EQ(requests_[0].bindings_size(), 2);
  EXPECT_EQ(requests_[0].rules_size(), 1);
  for (const v1::FileBinding& binding : requests_[0].bindings()) {
    EXPECT_EQ(binding.value().kind_case(), v1::Value::KIND_NOT_SET);
    EXPECT_EQ(binding.position(), 0);
  }
  EXPECT_LE(timeouts_.back(), absl::Seconds(2));
  files.LetGo(round, stop_);
  EXPECT_EQ(requests_.size(), 1u) << "said once";
}

TEST_F(FilesTest, ARecordThatTheTargetDidNotTakeKeepsItsFiles) {
  Files files = Asking();
  Round round(Emptied("100"));
  files.Fill(round, stop_);
  files.LetGo(round, stop_);
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(FilesTest, WhatCouldNotBeLetGoIsLetGoWithALaterRound) {
  Files files = Asking();
  is_down_ = true;
  Empty(files, 'e');
  EXPECT_EQ(requests_.size(), 1u) << "tried once";
  Empty(files, 'f');
  EXPECT_EQ(requests_.size(), 1u) << "and not soon again";
  is_down_ = false;
  clock_.Advance(absl::Seconds(11));
  Round plain(Entries("", {}));
  files.Fill(plain, stop_);
  files.LetGo(plain, stop_);
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[1].bindings_size(), 4);
}

TEST_F(FilesTest, NothingIsLetGoWhileFileTransferIsKnownToBeDown) {
  Files files = Asking();
  is_down_ = true;
  Round round(Entries("a.png", {}));
  files.Fill(round, stop_);
  const size_t asked = requests_.size();
  Empty(files, 'e');
  EXPECT_EQ(requests_.size(), asked);
}

TEST_F(FilesTest, AFieldThatHasAFileAgainIsNotLetGoLater) {
  Files files = Asking();
  is_down_ = true;
  Empty(files, 'e');
  is_down_ = false;
  clock_.Advance(absl::Seconds(11));
  Round again(Entries("b.png", {}));
  files.Fill(again, stop_);
  again.items()[0].taken = true;
  files.LetGo(again, stop_);
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[1].bindings(0).value().text_value(), "b.png");
}

TEST_F(FilesTest, WhatIsLeftToLetGoIsBounded) {
  Files files = Asking();
  is_down_ = true;
  constexpr int kRecords = 12'000;
  std::vector<LaneEntry> entries = Emptied("100");
  bus::v1::DeliveryGroup& group = *entries[0].batch.mutable_groups(0);
  for (int i = 1; i < kRecords; ++i) {
    bus::v1::Delivery other = group.deliveries(0);
    other.set_entity_id(absl::StrFormat("%016d", i));
    *group.add_deliveries() = std::move(other);
  }
  Round round(std::move(entries));
  files.Fill(round, stop_);
  for (RoundItem& item : round.items()) item.taken = true;
  files.LetGo(round, stop_);
  is_down_ = false;
  requests_.clear();
  clock_.Advance(absl::Seconds(11));
  Empty(files, 'z');
  int bindings = 0;
  for (const v1::BindRequest& request : requests_) {
    EXPECT_LE(request.bindings_size(), 2'000);
    bindings += request.bindings_size();
  }
  EXPECT_EQ(bindings, 20'000);
}

TEST_F(FilesTest, OneThatIsRefusedIsDroppedAndTheOthersAreLetGo) {
  std::vector<LaneEntry> entries = Emptied("100");
  bus::v1::DeliveryGroup& group = *entries[0].batch.mutable_groups(0);
  for (int i = 1; i < 8; ++i) {
    bus::v1::Delivery other = group.deliveries(0);
    other.set_entity_id(std::string(16, static_cast<char>('0' + i)));
    *group.add_deliveries() = std::move(other);
  }
  Round round(std::move(entries));
  std::set<std::string> let_go;
  int refusals = 0;
  Files files("blog", clock_,
              [&](const v1::BindRequest& request, absl::Duration) -> absl::StatusOr<v1::BindResponse> {
                for (const v1::FileBinding& binding : request.bindings()) {
                  if (binding.entity_id() != std::string(16, '5')) continue;
                  ++refusals;
                  return absl::InvalidArgumentError("no such field");
                }
                for (const v1::FileBinding& binding : request.bindings()) let_go.insert(binding.entity_id());
                return Answer(request);
              });
  files.Fill(round, stop_);
  for (RoundItem& item : round.items()) item.taken = true;
  files.LetGo(round, stop_);
  EXPECT_EQ(let_go.size(), 7u);
  EXPECT_EQ(refusals, 2);
}

TEST_F(FilesTest, AFileTransferThatFailsAtEverythingIsDownAfterAFewTries) {
  std::vector<LaneEntry> entries = Entries("a.png", {});
  bus::v1::DeliveryGroup& group = *entries[0].batch.mutable_groups(0);
  for (int i = 1; i < 1'000; ++i) {
    bus::v1::Delivery other = group.deliveries(0);
    other.set_entity_id(absl::StrFormat("%016d", i));
    *group.add_deliveries() = std::move(other);
  }
  for (const absl::Status& status : {absl::InternalError("broken"), absl::UnknownError("broken")}) {
    int asked = 0;
    Files files("blog", clock_, [&](const v1::BindRequest&, absl::Duration) {
      ++asked;
      return absl::StatusOr<v1::BindResponse>(status);
    });
    Round round(entries);
    files.Fill(round, stop_);
    EXPECT_LE(asked, 12);
    for (const RoundItem& item : round.items()) {
      EXPECT_EQ(item.outcome.error().reason(), item.group->files().empty() ? "" : "FILES_UNAVAILABLE");
    }
    Round next(entries);
    files.Fill(next, stop_);
    EXPECT_LE(asked, 12) << "it is known to be down";
  }
}

TEST_F(FilesTest, OneThatCannotBeBoundKeepsNobodyElseWaiting) {
  std::vector<LaneEntry> entries = Entries("a.png", {});
  bus::v1::DeliveryGroup& group = *entries[0].batch.mutable_groups(0);
  for (int i = 1; i < 8; ++i) {
    bus::v1::Delivery other = group.deliveries(0);
    other.set_entity_id(std::string(16, static_cast<char>('0' + i)));
    *other.mutable_values(1) = value::Text(i == 5 ? "poison.png" : "a.png");
    *group.add_deliveries() = std::move(other);
  }
  Round round(std::move(entries));
  Files files("blog", Clock::Real(), [](const v1::BindRequest& request, absl::Duration) {
    for (const v1::FileBinding& binding : request.bindings()) {
      if (binding.value().text_value() == "poison.png")
        return absl::StatusOr<v1::BindResponse>(absl::InternalError("an index row is too large"));
    }
    return Answer(request);
  });
  files.Fill(round, stop_);
  int waiting = 0;
  for (const RoundItem& item : round.items()) {
    if (item.outcome.status() == v1::OUTCOME_STATUS_WAITING) ++waiting;
  }
  EXPECT_EQ(waiting, 1);
  // Nor is the lane closed.
  Round next(Entries("a.png", {}));
  files.Fill(next, stop_);
  EXPECT_FALSE(next.items()[0].is_answered());
}

TEST_F(FilesTest, WhatIsMissingIsWaitedForAndTheOthersGo) {
  Round round(Entries("missing.png", {"b.png"}));
  Asking().Fill(round, stop_);
  const v1::Outcome& outcome = round.items()[0].outcome;
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_WAITING);
  EXPECT_EQ(outcome.error().reason(), "FILE_MISSING");
  EXPECT_EQ(outcome.waits_for_file(), "picture waits for missing.png");
  EXPECT_FALSE(round.items()[1].is_answered());
  Waves waves(round, [](RoundItem&) {});
  EXPECT_THAT(waves.Next().items, ElementsAre(1u));
}

TEST_F(FilesTest, ARefusalCountsMoreThanAWait) {
  Round round(Entries("missing.png", {"bad.png", "missing.png"}));
  Asking().Fill(round, stop_);
  const v1::Outcome& outcome = round.items()[0].outcome;
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_REJECTED);
  EXPECT_EQ(outcome.error().reason(), "FILE_TYPE_REFUSED");
  EXPECT_EQ(outcome.error().field(), "pictures");
}

TEST_F(FilesTest, APlaceholderGoesIncomplete) {
  v1::FileRule rule;
  rule.set_absence(v1::FILE_ABSENCE_PLACEHOLDER);
  Round round(Entries("missing.png", {"b.png", "missing.png", "c.png"}, rule));
  Asking().Fill(round, stop_);
  const RoundItem& item = round.items()[0];
  EXPECT_FALSE(item.is_answered());
  EXPECT_TRUE(item.delivery->values(1).has_null_value());
  EXPECT_EQ(item.delivery->values(2).text_value(), "[\"there/b.png\", \"there/c.png\"]");
  EXPECT_FALSE(item.ToSend().complete);
  v1::Outcome outcome;
  SetWaitsFor(item, &outcome);
  EXPECT_EQ(outcome.error().reason(), "FILE_MISSING");
  EXPECT_THAT(outcome.waits_for_file(), HasSubstr("missing.png"));
}

TEST_F(FilesTest, WhileNobodyCanBeAskedOnlyRecordsWithFilesWait) {
  is_down_ = true;
  Files files = Asking();
  Round round(Entries("a.png", {}));
  files.Fill(round, stop_);
  EXPECT_EQ(round.items()[0].outcome.status(), v1::OUTCOME_STATUS_WAITING);
  EXPECT_EQ(round.items()[0].outcome.error().reason(), "FILES_UNAVAILABLE");
  EXPECT_FALSE(round.items()[1].is_answered());
  // The next round does not spend its time on asking again.
  const size_t asked = requests_.size();
  Round next(Entries("a.png", {}));
  files.Fill(next, stop_);
  EXPECT_EQ(requests_.size(), asked);
  EXPECT_TRUE(next.items()[0].is_answered());
}

}  // namespace
}  // namespace cognate::delivery
