#include "common/secret/sealing.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/secret/secret.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::secret {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::TempDir;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Line(absl::string_view id, char letter) {
  return absl::StrCat(id, " ", absl::Base64Escape(std::string(32, letter)), "\n");
}

class SealingTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) const { std::ofstream(path_, std::ios::trunc) << text; }
  // By another file in its place, as orchestrators do.
  void Replace(const std::string& text) const {
    std::ofstream(path_ + ".new", std::ios::trunc) << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  std::shared_ptr<Keyring> Load() const { return ValueOrDie(Keyring::Load(path_, clock_)); }
  absl::Status Parse(const std::string& text) const { return ParseSealingKeys(text, "keys").status(); }

  const TempDir directory_;
  const std::string path_ = directory_.File("sealing.keys");
  FakeClock clock_;
};

TEST_F(SealingTest, OpensWhatItSealedAndNothingElse) {
  Write(Line("a", 'x'));
  const auto keyring = Load();
  const v1::SealedSecret sealed = ValueOrDie(keyring->Seal("hush"));
  EXPECT_EQ(sealed.sealing_key(), "a");
  EXPECT_THAT(sealed.box(), Not(HasSubstr("hush")));
  EXPECT_THAT(keyring->Open(sealed), IsOkAndHolds("hush"));
  EXPECT_NE(ValueOrDie(keyring->Seal("hush")).box(), sealed.box())
      << "two boxes do not tell that they hold the same";
  for (size_t place = 0; place < sealed.box().size(); ++place) {
    v1::SealedSecret changed = sealed;
    (*changed.mutable_box())[place] = static_cast<char>((*changed.mutable_box())[place] ^ 1);
    EXPECT_THAT(keyring->Open(changed), HasReason("SECRET_UNAVAILABLE"));
  }
  v1::SealedSecret cut = sealed;
  cut.mutable_box()->resize(10);
  EXPECT_THAT(keyring->Open(cut), HasReason("SECRET_UNAVAILABLE"));
}

TEST_F(SealingTest, TheFirstKeySealsAllOpen) {
  Write(Line("old", 'x'));
  const auto keyring = Load();
  const v1::SealedSecret before = ValueOrDie(keyring->Seal("hush"));
  Replace("# the new one\n" + Line("new", 'y') + "\n" + Line("old", 'x'));
  clock_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(keyring->FirstKey(), "new");
  EXPECT_EQ(ValueOrDie(keyring->Seal("hush")).sealing_key(), "new");
  EXPECT_THAT(keyring->Open(before), IsOkAndHolds("hush"));
  Replace(Line("new", 'y'));
  clock_.Advance(absl::Milliseconds(200));
  const absl::Status gone = keyring->Open(before).status();
  EXPECT_THAT(gone, HasReason("SEALING_KEY_MISSING"));
  EXPECT_EQ(ErrorMetadata(gone, "sealing_key"), "old");
}

TEST_F(SealingTest, LooksAtOnceForAKeyThatItDoesNotKnow) {
  Write(Line("old", 'x'));
  const auto keyring = Load();
  Replace(Line("new", 'y') + Line("old", 'x'));
  const v1::SealedSecret sealed = ValueOrDie(Load()->Seal("hush"));
  EXPECT_THAT(keyring->Open(sealed), IsOkAndHolds("hush"));
}

TEST_F(SealingTest, ABrokenFileTakesNoKeyAway) {
  Write(Line("a", 'x'));
  const auto keyring = Load();
  const v1::SealedSecret sealed = ValueOrDie(keyring->Seal("hush"));
  Replace("half a li");
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(keyring->Open(sealed), IsOkAndHolds("hush"));
  std::filesystem::remove(path_);
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(keyring->Open(sealed), IsOkAndHolds("hush"));
  Write(Line("b", 'y') + Line("a", 'x'));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(keyring->FirstKey(), "b");
}

TEST_F(SealingTest, SaysWhichLineIsWrongAndNeverWhatStandsThere) {
  const std::string good = Line("a", 'x');
  const std::string bytes = absl::Base64Escape(std::string(31, 'x'));
  EXPECT_THAT(Parse(""), HasReason("SEALING_KEYS_INVALID"));
  EXPECT_THAT(Parse("# only this\n"), HasReason("SEALING_KEYS_INVALID"));
  const std::vector<std::string> lines = {"a",
                                          "a b c",
                                          "a " + bytes,
                                          "ä " + good.substr(2),
                                          "b !!!!",
                                          good,
                                          std::string(65, 'a') + good.substr(1)};
  for (const std::string& line : lines) {
    const absl::Status status = Parse("#\n" + good + line + "\n");
    EXPECT_THAT(status, HasReason("SEALING_KEYS_INVALID")) << line;
    EXPECT_EQ(ErrorMetadata(status, "line"), "3") << line;
    EXPECT_THAT(std::string(status.message()), AllOf(Not(HasSubstr(bytes)), HasSubstr("openssl"))) << line;
  }
  EXPECT_OK(Parse("  a\t" + good.substr(2) + "\r\n"));
  EXPECT_THAT(Keyring::Load("/nowhere/keys"), HasReason("SEALING_KEYS_INVALID"));
  EXPECT_THAT(Keyring::Load("/tmp"), HasReason("SEALING_KEYS_INVALID"));
}

TEST_F(SealingTest, FingerprintsTellValuesApart) {
  Write(Line("a", 'x'));
  const auto keyring = Load();
  EXPECT_EQ(keyring->Fingerprint("hush"), keyring->Fingerprint("hush"));
  EXPECT_NE(keyring->Fingerprint("hush"), keyring->Fingerprint("husk"));
  Replace(Line("b", 'y'));
  EXPECT_NE(keyring->Fingerprint("hush"), Load()->Fingerprint("hush"));
}

TEST_F(SealingTest, TheProcessReadsSealedSecretsWithItsKeyring) {
  v1::SecretReference reference;
  Write(Line("a", 'x'));
  *reference.mutable_sealed() = ValueOrDie(Load()->Seal("hush"));
  ASSERT_OK(InstallKeyring(""));
  EXPECT_THAT(Read(reference), HasReason("SEALING_KEY_MISSING"));
  ASSERT_OK(InstallKeyring(path_));
  EXPECT_THAT(Read(reference), IsOkAndHolds("hush"));
  EXPECT_THAT(InstallKeyring("/nowhere/keys"), HasReason("SEALING_KEYS_INVALID"));
  EXPECT_THAT(Read(reference), IsOkAndHolds("hush"));
  ASSERT_OK(InstallKeyring(""));
}

TEST(ReferenceFaultTest, WantsOneOfTheFour) {
  const auto fault = [](auto set) {
    v1::SecretReference reference;
    set(reference);
    return ReferenceFault(reference);
  };
  EXPECT_EQ(fault([](auto& reference) { reference.set_file("/run/secret"); }), "");
  EXPECT_EQ(fault([](auto& reference) { reference.set_value("hush"); }), "");
  EXPECT_THAT(fault([](auto&) {}), HasSubstr("nothing"));
  EXPECT_THAT(fault([](auto& reference) { reference.set_file(""); }), HasSubstr("nothing"));
  EXPECT_THAT(fault([](auto& reference) { reference.mutable_sealed(); }), HasSubstr("nothing"));
  EXPECT_THAT(fault([](auto& reference) { reference.set_value(std::string("hu\0sh", 5)); }),
              AllOf(HasSubstr("NUL"), Not(HasSubstr("sh,"))));
  EXPECT_THAT(fault([](auto& reference) { reference.set_value(std::string((64 << 10) + 1, 'x')); }),
              HasSubstr("65537 bytes"));
}

}  // namespace
}  // namespace cognate::secret
