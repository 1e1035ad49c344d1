// Contents that rot in the store, and the agents that have them.
#include <fstream>

#include "services/file_transfer/testing/placing_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class DamagedTest : public PlacingTest {
 protected:
  v1::ScrubResponse Scrub() {
    v1::ScrubRequest request;
    request.set_repair(true);
    grpc::ClientContext context;
    const auto reader = stub().Scrub(&context, request);
    v1::ScrubResponse response, last;
    while (reader->Read(&response)) {
      last = response;
      for (const v1::DamagedFile& damaged : response.damaged()) sentences_.push_back(damaged.sentence());
    }
    EXPECT_OK(grpc_support::FromGrpcStatus(reader->Finish()));
    return last;
  }

  std::vector<std::string> sentences_;

  // A byte in every file of the store's contents, and of each content in a pack of its own.
  void DamageAll() {
    for (const char* const folder : {"packs", "blobs"}) {
      for (const std::string& path : FilesIn(folder)) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(17);
        const char was = static_cast<char>(file.get());
        file.seekp(17);
        file.put(static_cast<char>(was ^ 1));
        ASSERT_TRUE(file.good());
      }
    }
  }
};

TEST_F(DamagedTest, IsSentAgainByTheAgentsThatHaveIt) {
  // One has sent it, the other was given it.
  const std::string small = RandomContent(2'000, 1), large = RandomContent(300'000, 2);
  ASSERT_OK(Send("agent", small));
  ASSERT_OK(PutAs("", "agent", large));
  for (const std::string* const content : {&small, &large}) {
    const char entity = content == &small ? 'a' : 'b';
    const v1::Value value = Claim(*content, absl::StrCat("img/", std::string(1, entity), ".bin"));
    EXPECT_EQ(Bind("agent-b", entity, "agent", value).state(), v1::PLACEMENT_STATE_DUE);
    ASSERT_OK(Place("agent-b", Missing("agent-b").placements(0), ""));
    EXPECT_EQ(Bind("agent-b", entity, "agent", value).state(), v1::PLACEMENT_STATE_PLACED);
  }
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  DamageAll();
  const v1::ScrubResponse found = Scrub();
  EXPECT_EQ(found.damaged_count(), 2);
  EXPECT_EQ(found.repaired_count(), 0);
  EXPECT_THAT(sentences_, Each(HasSubstr("it is asked for at the agents of agent, agent-b")));

  for (const char* const agent : {"agent", "agent-b"}) {
    const v1::MissingResponse missing = Missing(agent);
    ASSERT_THAT(missing.placements(), SizeIs(2));
    for (const v1::Placement& placement : missing.placements()) {
      EXPECT_EQ(placement.state(), v1::PLACEMENT_STATE_LACKING);
      EXPECT_NE(placement.path(), "");
      const bool is_small = placement.file().sha256() == files::Sha256(small);
      if (std::string(agent) == "agent") EXPECT_EQ(placement.path(), is_small ? "img/a.bin" : "img/b.bin");
    }
  }
  // Who has nothing of it is not asked.
  EXPECT_THAT(Missing("agent-c").placements(), SizeIs(0));

  // The one has lost it by now, and says so; the other sends it, in either way.
  const v1::MissingResponse asked = Missing("agent");
  for (const v1::Placement& placement : asked.placements())
    ASSERT_OK(Place("agent", placement, "FILE_NOT_THERE"));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  EXPECT_THAT(Missing("agent-b").placements(), SizeIs(2));
  ASSERT_OK(Send("agent-b", small));
  ASSERT_OK(PutAs("", "agent-b", large));
  EXPECT_THAT(Missing("agent-b").placements(), SizeIs(0));
  EXPECT_THAT(Get(files::Sha256(small)), IsOkAndHolds(small));
  EXPECT_THAT(Get(files::Sha256(large)), IsOkAndHolds(large));
  EXPECT_EQ(Scrub().damaged_count(), 0);
}

}  // namespace
}  // namespace cognate::file_transfer
