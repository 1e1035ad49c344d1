#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using Stub = v1::ChangeCaptureService::Stub;

class PreviousChangesTest : public CaptureFixture {
 protected:
  static void Add(const std::string& local_id, int64_t version, v1::ListPreviousChangesRequest* request) {
    v1::RecordVersion& wanted = *request->add_records();
    wanted.mutable_record()->set_platform("shop");
    wanted.mutable_record()->set_model("item");
    wanted.mutable_record()->set_local_id(local_id);
    wanted.set_before_version(version);
  }
  std::string NameOf(const v1::Change& change) {
    for (const v1::Field& field : change.fields()) {
      if (field.name() == "name") return field.value().text_value();
    }
    return "";
  }
};

TEST_F(PreviousChangesTest, TellWhatEachRecordWasBeforeItsChangeInOrder) {
  ASSERT_OK(Capture({Item("a", 1, "one"), Item("b", 2, "two"), Item("c", 1, "uno"), Item("d", 1, "un")}));
  v1::ListPreviousChangesRequest request;
  Add("1", 4, &request);
  Add("1", 3, &request);
  Add("1", 1, &request);
  Add("2", 0, &request);
  Add("9", 0, &request);
  ASSERT_OK_AND_ASSIGN(const v1::ListPreviousChangesResponse response,
                       Call(&Stub::ListPreviousChanges, request));
  ASSERT_EQ(response.changes_size(), 5);
  EXPECT_EQ(NameOf(response.changes(0)), "uno");
  EXPECT_EQ(NameOf(response.changes(1)), "one");
  EXPECT_EQ(response.changes(2).version(), 0);
  EXPECT_EQ(NameOf(response.changes(3)), "two");
  EXPECT_EQ(response.changes(4).version(), 0);
}

TEST_F(PreviousChangesTest, AChangeThatRenewsAnOlderOneStandsForThatOne) {
  ASSERT_OK(Capture({Item("a", 1, "one"), Item("b", 1, "uno")}));
  ASSERT_OK(ValueOrDie(postgres::Connection::Open(database_))
                ->Execute("INSERT INTO change_capture.changes (version, captured_at, platform_id, model_id, "
                          "operation, local_id, fields, origin_version) SELECT version + 10, now(), "
                          "platform_id, model_id, 2, local_id, fields, version FROM change_capture.changes "
                          "WHERE version = 2"));
  v1::ListPreviousChangesRequest request;
  Add("1", 12, &request);
  Add("1", 0, &request);
  ASSERT_OK_AND_ASSIGN(const v1::ListPreviousChangesResponse response,
                       Call(&Stub::ListPreviousChanges, request));
  EXPECT_EQ(NameOf(response.changes(0)), "one");
  EXPECT_EQ(NameOf(response.changes(1)), "uno");
}

TEST_F(PreviousChangesTest, RefusesTooManyRecords) {
  v1::ListPreviousChangesRequest request;
  for (int i = 0; i < 10'001; ++i) Add("1", 1, &request);
  EXPECT_THAT(Call(&Stub::ListPreviousChanges, request), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::change_capture
