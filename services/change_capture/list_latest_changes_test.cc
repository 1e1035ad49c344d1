#include <algorithm>

#include "absl/strings/str_join.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using Stub = v1::ChangeCaptureService::Stub;

class ListLatestChangesTest : public CaptureFixture {
 protected:
  // "3:three 1:uno": ids and names of all pages.
  std::string List(int64_t last_records, int page_size, bool is_complete = false) {
    v1::ListLatestChangesRequest request;
    request.set_platform("shop");
    request.set_model("item");
    request.set_last_records(last_records);
    request.set_page_size(page_size);
    std::vector<std::string> found;
    do {
      const auto page = Call(&Stub::ListLatestChanges, request);
      if (!page.ok()) return std::string(page.status().message());
      EXPECT_LE(page->changes_size(), page_size);
      EXPECT_EQ(page->is_complete(), is_complete);
      for (const v1::Change& change : page->changes()) {
        const bool is_gone = change.operation() == v1::OPERATION_DELETE;
        found.push_back(
            absl::StrCat(change.local_id(), ":", is_gone ? "gone" : change.fields(1).value().text_value()));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return absl::StrJoin(found, " ");
  }
};

TEST_F(ListLatestChangesTest, GivesEachRecordOnceNewestFirstOrById) {
  EXPECT_EQ(List(0, 10, true), "");
  v1::Change gone;
  gone.set_change_id("e");
  gone.set_model("item");
  gone.set_local_id("2");
  gone.set_operation(v1::OPERATION_DELETE);
  ASSERT_OK(
      Capture({Item("a", 1, "one"), Item("b", 2, "two"), Item("c", 3, "three"), Item("d", 1, "uno"), gone}));
  for (const int page : {1, 2, 10}) {
    EXPECT_EQ(List(0, page, true), "1:uno 2:gone 3:three");
    EXPECT_EQ(List(3, page, true), "1:uno 2:gone 3:three") << "there are no more";
    EXPECT_EQ(List(2, page), "2:gone 1:uno 3:three") << "the caller counts";
  }
}

TEST_F(ListLatestChangesTest, RefusesWhatIsNoPage) {
  ASSERT_OK(Capture({Item("a", 1, "one")}));
  v1::ListLatestChangesRequest request;
  EXPECT_THAT(Call(&Stub::ListLatestChanges, request), HasReason("INVALID_FIELD"));
  request.set_platform("shop");
  request.set_model("item");
  request.set_page_token("elsewhere");
  EXPECT_THAT(Call(&Stub::ListLatestChanges, request), HasReason("INVALID_FIELD"));
  request.clear_page_token();
  request.set_page_size(10'001);
  EXPECT_THAT(Call(&Stub::ListLatestChanges, request), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::change_capture
