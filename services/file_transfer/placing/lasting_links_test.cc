// Fields that get addresses of the gateway, and the copies behind these.
#include "services/file_transfer/testing/placing_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LastingLinksTest : public PlacingTest {
 protected:
  static v1::FileRule Fallback() {
    v1::FileRule rule;
    rule.set_mode(v1::FILE_MODE_LINK);
    rule.set_link_fallback(true);
    return rule;
  }
  // The address that the field gets.
  std::string Link(const std::string& target, char entity, const std::string& source, const v1::Value& value,
                   const v1::FileRule& rule = Fallback()) {
    const v1::BoundFile bound = Bind(target, entity, source, value, rule);
    EXPECT_EQ(bound.state(), v1::PLACEMENT_STATE_PLACED) << bound.ShortDebugString();
    EXPECT_THAT(bound.value().text_value(), StartsWith("https://cognate.example/files/link/"));
    return bound.value().text_value();
  }
  absl::StatusOr<v1::OpenLastingLinkResponse> Open(const std::string& address) {
    v1::OpenLastingLinkRequest request;
    request.set_token(address.substr(address.rfind('/') + 1));
    return Call(&Stub::OpenLastingLink, request);
  }
  // Until this is the stored copy.
  void ExpectCopy(const std::string& address, const std::string& content) {
    EXPECT_TRUE(Eventually([&] {
      const auto opened = Open(address);
      return opened.ok() && opened->file().sha256() == files::Sha256(content);
    })) << Open(address).status()
        << (Open(address).ok() ? Open(address)->ShortDebugString() : "");
  }
  void ExpectNoCopy(const std::string& address, const std::string& reason) {
    EXPECT_TRUE(Eventually([&] {
      const auto opened = Open(address);
      return opened.ok() && opened->error().reason() == reason;
    })) << reason;
    EXPECT_FALSE(Open(address)->has_file());
  }
  // As the target's record leads on: of what the first sync has written there.
  v1::BoundFile BindOn(const std::string& target, const std::string& source, const std::string& text,
                       const v1::FileRule& rule) {
    v1::BindRequest request;
    request.set_platform(target);
    *request.add_rules() = rule;
    Add(&request, 'a', source, Path(text));
    request.mutable_bindings(0)->mutable_source()->set_model("writer");
    request.mutable_bindings(0)->set_source_field("picture");
    const auto response = Call(&Stub::Bind, request);
    EXPECT_OK(response);
    return response.ok() ? response->files(0) : v1::BoundFile();
  }
};

TEST_F(LastingLinksTest, AreGoodAtOnceAndTheCopyFollowsThePath) {
  const std::string address = Link("blog", 'a', "web", Path("people/ada l.txt"));
  const auto early = Open(address);
  ASSERT_OK(early);
  EXPECT_EQ(early->source_address(), "https://web.example/files/people/ada%20l.txt");
  EXPECT_FALSE(early->has_file());
  PutIn("web", "people/ada l.txt", "one");
  ExpectCopy(address, "one");
  EXPECT_EQ(Open(address)->name(), "ada l.txt");
  PutIn("web", "people/ada l.txt", "two!");
  EXPECT_EQ(Link("blog", 'a', "web", Path("https://web.example/files/people/ada%20l.txt")), address);
  ExpectCopy(address, "two!");
  // Nothing is put on the target, and nothing counts to its quota.
  EXPECT_EQ(AskStore("SELECT count(*) FROM placements"), "0");
  std::filesystem::remove(Site("web") + "/people/ada l.txt");
  Link("blog", 'a', "web", Path("people/ada l.txt"));
  EXPECT_TRUE(Eventually([&] { return AskStore("SELECT next_look_at IS NULL FROM links") == "t"; }));
  ExpectCopy(address, "two!");
}

TEST_F(LastingLinksTest, ALargeFileIsStoredByAWorker) {
  const std::string content = RandomContent(9 << 20, 1);
  PutIn("web", "large.bin", content);
  ExpectCopy(Link("blog", 'a', "web", Path("large.bin")), content);
}

TEST_F(LastingLinksTest, KeepTheRulesOfCopies) {
  PutIn("web", "page.png", "<html><script>alert(1)</script></html>");
  ExpectNoCopy(Link("blog", 'a', "web", Path("page.png")), "FILE_TYPE_REFUSED");
  PutIn("web", "a.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>");
  ExpectNoCopy(Link("blog", 'b', "web", Path("a.svg")), "FILE_TYPE_REFUSED");
  EXPECT_THAT(List()->files(), SizeIs(0));
  const auto refused = Bind("blog", 'c', "web", Path("x.php"), Fallback());
  EXPECT_EQ(refused.error().reason(), "FILE_TYPE_REFUSED");
  PutIn("web", "large.txt", std::string(1000, 'x'));
  v1::FileRule small = Fallback();
  small.set_max_bytes(100);
  EXPECT_EQ(Bind("blog", 'd', "web", Path("large.txt"), small).error().reason(), "FILE_TOO_LARGE");
  small.set_too_large(v1::FILE_SKIP_ACTION_LINK);
  EXPECT_EQ(Bind("blog", 'd', "web", Path("large.txt"), small).value().text_value(),
            "https://web.example/files/large.txt");
  EXPECT_EQ(Bind("blog", 'e', "web", Path("../../etc/passwd"), Fallback()).error().reason(),
            "FILE_OUTSIDE_PLACE");
  std::filesystem::create_symlink("/etc/passwd", Site("web") + "/passwd.txt");
  EXPECT_EQ(Bind("blog", 'f', "web", Path("passwd.txt"), Fallback()).error().reason(), "FILE_OUTSIDE_PLACE");
}

TEST_F(LastingLinksTest, AnAgentIsAskedForTheContent) {
  const std::string address = Link("blog", 'a', "agent", Claim("by the agent", "C:/scans/1.txt"));
  EXPECT_EQ(Open(address)->source_address(), "");
  const v1::MissingResponse missing = Missing("agent");
  ASSERT_THAT(missing.placements(), SizeIs(1));
  EXPECT_EQ(missing.placements(0).path(), "C:/scans/1.txt");
  // Somebody else's bytes are not the agent's.
  ASSERT_OK(Send("shop", "by the agent"));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(1));
  ASSERT_OK(Send("agent", "by the agent"));
  ExpectCopy(address, "by the agent");
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  EXPECT_EQ(Link("blog", 'a', "agent", Claim("by the agent, anew", "C:/scans/1.txt")), address);
  ExpectCopy(address, "by the agent");
  const v1::MissingResponse anew = Missing("agent");
  ASSERT_THAT(anew.placements(), SizeIs(1));
  ASSERT_OK(Place("agent", anew.placements(0), "DELETED_HERE"));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  ExpectCopy(address, "by the agent");
}

TEST_F(LastingLinksTest, ComeBackAsTheFileThatTheyAre) {
  PutIn("web", "img/1.txt", "one");
  const std::string address = Link("blog", 'a', "web", Path("img/1.txt"));
  ExpectCopy(address, "one");
  const std::string bindings =
      AskStore("SELECT string_agg(platform || path || link_path, ',') FROM bindings");
  for (const v1::FileRule& rule : {v1::FileRule(), Fallback()}) {
    const v1::BoundFile back = BindOn("web", "blog", address, rule);
    EXPECT_EQ(back.value().text_value(), "img/1.txt");
  }
  EXPECT_EQ(AskStore("SELECT string_agg(platform || path || link_path, ',') FROM bindings"), bindings);
  // On a third platform it is the source's file, too.
  const v1::BoundFile copied = BindOn("news", "blog", address, v1::FileRule());
  EXPECT_THAT(copied.value().text_value(), StartsWith("files/1-"));
  EXPECT_EQ(BindOn("news", "blog", address, Fallback()).value().text_value(), address);
  // The gateway had another name once.
  const std::string old = absl::StrCat("http://old.example:81", address.substr(address.find("/files/")));
  EXPECT_EQ(BindOn("web", "blog", old, v1::FileRule()).value().text_value(), "img/1.txt");
  // What is not signed is a foreign address.
  const std::string forged = address + "A";
  EXPECT_EQ(BindOn("web", "blog", forged, v1::FileRule()).error().reason(), "FILE_OUTSIDE_PLACE");
  ExpectCopy(address, "one");
}

TEST_F(LastingLinksTest, EndAWeekAfterNoFieldLeadsThere) {
  PutIn("web", "1.txt", "one");
  PutIn("web", "2.txt", "two");
  const std::string first = Link("blog", 'a', "web", Path("1.txt"));
  const std::string second = Link("blog", 'b', "web", Path("2.txt"));
  ExpectCopy(first, "one");
  ExpectCopy(second, "two");
  Bind("blog", 'a', "web", v1::Value(), Fallback());
  const auto sweep = [&] {
    Stop();
    Execute(
        "INSERT INTO chores (name, due_at) VALUES ('sweep', now() - interval '1 hour') ON CONFLICT (name) DO "
        "UPDATE SET due_at = "
        "excluded.due_at");
    Start();
  };
  sweep();
  EXPECT_TRUE(
      Eventually([&] { return AskStore("SELECT count(*) FROM links WHERE unused_at IS NOT NULL") == "1"; }));
  ExpectCopy(first, "one");
  Execute("UPDATE links SET unused_at = unused_at - interval '8 days'");
  sweep();
  EXPECT_TRUE(Eventually([&] { return absl::IsNotFound(Open(first).status()); }));
  ExpectCopy(second, "two");
}

TEST_F(LastingLinksTest, TheirCopiesAreNotCollected) {
  PutIn("web", "1.txt", "one");
  const std::string address = Link("blog", 'a', "web", Path("1.txt"));
  ExpectCopy(address, "one");
  Execute("UPDATE files SET asked_at = now() - interval '30 days'");
  v1::CollectRequest request;
  ASSERT_OK_AND_ASSIGN(const v1::CollectResponse collected, Call(&Stub::Collect, request));
  EXPECT_EQ(collected.file_count(), 0);
  ExpectCopy(address, "one");
  EXPECT_EQ(List()->files(0).binding_count(), 1);
}

TEST_F(LastingLinksTest, WithoutAnAddressOrAKeyItIsSaidSo) {
  PutIn("web", "1.txt", "one");
  const std::string address = Link("blog", 'a', "web", Path("1.txt"));
  Stop();
  config_.public_url.clear();
  Start();
  EXPECT_EQ(Bind("blog", 'a', "web", Path("1.txt"), Fallback()).error().reason(), "NO_PUBLIC_URL");
  Stop();
  config_.public_url = "https://cognate.example";
  config_.link_key.clear();
  Start();
  EXPECT_EQ(Bind("blog", 'a', "web", Path("1.txt"), Fallback()).error().reason(), "NO_LINK_KEY");
  EXPECT_THAT(Open(address), HasReason("LINK_REFUSED"));
}

}  // namespace
}  // namespace cognate::file_transfer
